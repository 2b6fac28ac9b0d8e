export { estimateFee, type FeeEstimate, type FeeFacts, type FeePart, type FeePartKind } from './estimate.ts';
export { convertMinor, UnknownRate } from './rates.ts';
export {
  type FeeSchedule,
  feeScheduleSchema,
  type ReferenceRates,
  referenceRatesSchema,
} from './schedule.ts';
