/** Every type of event, and what an endpoint may ask for. */
export const EVENT_TYPES = [
  'payment.requires_action',
  'payment.authorized',
  'payment.captured',
  'payment.requires_review',
  'payment.succeeded',
  'payment.failed',
  'payment.canceled',
  'payment.expired',
  'payment.late_success_undone',
  'payment.refunded_externally',
  'payment.charged_back',
  'payment.chargeback_reversed',
  'refund.created',
  'refund.pending',
  'refund.requires_review',
  'refund.succeeded',
  'refund.failed',
  'refund.canceled',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** What merchants are told when settlement files change what was charged back of a payment; its machine knows nothing of it. */
export const CHARGEBACK_EVENTS = {
  taken: 'payment.charged_back',
  wonAgain: 'payment.chargeback_reversed',
} as const satisfies Readonly<Record<string, EventType>>;

export const ALL_TYPES = '*';

/** What an endpoint may be set to: types, `*`, or all of one object, e.g. `refund.*`. */
export function isEventTypePattern(pattern: string): boolean {
  return pattern === ALL_TYPES || EVENT_TYPES.some((type) => type === pattern || groupOf(type) === pattern);
}

/** Whether an endpoint set to these hears of a type. Nothing set is everything. */
export function hears(patterns: readonly string[], type: string): boolean {
  return (
    patterns.length === 0 ||
    patterns.some((each) => each === ALL_TYPES || each === type || each === groupOf(type))
  );
}

/** `refund.*` of `refund.created`. */
function groupOf(type: string): string {
  return `${type.slice(0, type.indexOf('.'))}.*`;
}
