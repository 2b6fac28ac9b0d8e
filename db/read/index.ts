/**
 * db/read/: what the API and the console ask. What lives here: queries that answer in the domain's shapes,
 * each bound to one merchant and mode, so that another merchant's row is as absent as one that never was (but
 * for operators', who see them all).
 * What may not: writes, locks, and anything sealed; card data and raw webhooks don't leave through here.
 */
export type { StoredResolution } from '../resolutions.ts';
export { type AlarmReader, createAlarmReader, type StoredAlarm, type Watch } from './alarms.ts';
export type { CaseFigures } from './case-figures.ts';
export { type CaseFilter, type CaseReader, createCaseReader, type WholeCase } from './cases.ts';
export {
  type CustomerFilter,
  type CustomerPage,
  type CustomerReader,
  createCustomerReader,
  type StoredCustomer,
} from './customers.ts';
export {
  createEventReader,
  type EventCursor,
  type EventFilter,
  type EventPage,
  type EventReader,
  type StoredEvent,
} from './events.ts';
export {
  type AccountNow,
  createFigureReader,
  type FigureQuestion,
  type FigureReader,
  type FigureRow,
  type GroupKey,
  type OpenByAge,
  type Standing,
} from './figures/index.ts';
export { createLedgerReader, type LedgerReader } from './ledger.ts';
export {
  type AboutOwner,
  createOperatorReader,
  type ExceptionEntry,
  type OperatorReader,
} from './operators.ts';
export {
  createPaymentMethodReader,
  type PayableMethod,
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
export {
  type Approvals,
  createQueueReader,
  type DeadDelivery,
  type HeldPayment,
  type KindCount,
  MAX_COUNTED,
  QUEUES,
  type QueueLengths,
  type QueueReader,
  type UnknownOperation,
  type UnplacedLetter,
} from './queues/index.ts';
export {
  createRefundReader,
  type RefundFilter,
  type RefundPage,
  type RefundReader,
} from './refunds.ts';
export { createSettlementReader, type SettlementReader } from './settlements.ts';
export { createStories, type Stories } from './story/all.ts';
export { type Change, type ChangeReader, createChangeReader } from './story/changes.ts';
export { createStoryReader, type StoryMaterial, type StoryReader } from './story/index.ts';
export {
  createPaymentLister,
  type ListedPayment,
  type PaymentLister,
  type PaymentListFilter,
} from './story/list.ts';
export { createPaymentSearch, type PaymentSearch, type SearchHit } from './story/search.ts';
export { createTimelineReader, type TimelineEntry, type TimelineReader } from './timeline.ts';
