import type { LedgerEntry } from './postings.ts';

/** What a payment's or refund's transactions mean for its own totals. Settlement's kinds belong to no payment. */
export const ENTRY_KINDS = {
  capture: { counts: 'captured', explanation: 'a provider took money for a payment' },
  late_success: {
    counts: 'captured',
    explanation: 'a provider took money after the payment had gone on without it; it waits in suspense',
  },
  late_success_undone: { counts: 'nothing', explanation: 'that money went back' },
  refund: { counts: 'refunded', explanation: 'a refund was carried out' },
  refund_reversed: { counts: 'refunded', explanation: 'the provider took a refund back' },
  refund_excess: { counts: 'refunded', explanation: 'the provider gave back more than was asked for' },
  external_refund: { counts: 'refunded', explanation: 'somebody refunded at the provider' },
} as const satisfies Readonly<
  Record<
    LedgerEntry['kind'],
    { readonly counts: 'captured' | 'refunded' | 'nothing'; readonly explanation: string }
  >
>;

export function kindsThatCount(as: 'captured' | 'refunded'): readonly string[] {
  return Object.entries(ENTRY_KINDS).flatMap(([kind, { counts }]) => (counts === as ? [kind] : []));
}
