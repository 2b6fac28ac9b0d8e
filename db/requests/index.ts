/**
 * db/requests/: the promise that a merchant's key gets one answer, kept past Temporal's retention.
 * What lives here: look-ups of request rows, and what the API writes by itself together with the request that
 * asked for it: payment methods and customers. What may not: the rows of payment requests are written by the workflow's
 * plan and record, in the transaction of what they answer; nothing here touches those.
 */
export { type CustomerWriter, createCustomerWriter, type NewCustomer } from './customers.ts';
export { createRequestNoteWriter, type RequestNote, type RequestNoteWriter } from './notes.ts';
export type { KeptOnce, NamedRequest } from './once.ts';
export {
  createPaymentMethodWriter,
  type NewPaymentMethod,
  type PaymentMethodWriter,
} from './payment-methods.ts';
export { createRequestReader, type RequestReader, type StoredRequest } from './requests.ts';
export { createSelectionKeeper, type SelectionKeeper } from './selections.ts';
