/**
 * db/read/: what the API and the console ask. What lives here: queries that answer in the domain's shapes,
 * each bound to one merchant and mode, so that another merchant's row is as absent as one that never was.
 * What may not: writes, locks, and anything sealed; card data and raw webhooks don't leave through here.
 */
export {
  createPaymentMethodReader,
  type PaymentMethodReader,
  type StoredPaymentMethod,
} from './payment-methods.ts';
export {
  createPaymentReader,
  type Owner,
  type PaymentFilter,
  type PaymentPage,
  type PaymentReader,
} from './payments.ts';
export { createTimelineReader, type TimelineEntry, type TimelineReader } from './timeline.ts';
