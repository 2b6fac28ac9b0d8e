import type { PriceLine } from '../../fees/schedule.ts';

/**
 * What cards cost an acquirer's merchant in Europe, for providers that hand it on.
 *
 * Consumer cards within the EEA: 0.2% debit and 0.3% credit (Regulation (EU) 2015/751, articles 3 and 4). Consumer cards from outside,
 * not present: 1.15% debit and 1.5% credit (the schemes' commitments to the Commission, AT.39398 and AT.40049). The others are
 * assumptions of a plausible size.
 */
export const EUROPEAN_INTERCHANGE: readonly PriceLine[] = [
  { when: { brands: ['amex', 'discover', 'diners', 'jcb', 'unionpay'] }, ppm: 0 },
  { when: { regions: ['domestic', 'regional'], funding: ['debit', 'prepaid'] }, ppm: 2_000 },
  { when: { regions: ['domestic', 'regional'] }, ppm: 3_000 },
  { when: { funding: ['debit', 'prepaid'] }, ppm: 11_500 },
  { ppm: 15_000 },
];

/** Scheme fees are not published: assumptions after what acquirers' invoices commonly show. */
export const EUROPEAN_SCHEME_FEES: readonly PriceLine[] = [
  { when: { brands: ['amex', 'discover', 'diners', 'jcb', 'unionpay'] }, ppm: 0 },
  { when: { regions: ['domestic'] }, ppm: 700, fixed: { EUR: 2 } },
  { when: { regions: ['regional'] }, ppm: 1_300, fixed: { EUR: 2 } },
  { ppm: 9_000, fixed: { EUR: 3 } },
];
