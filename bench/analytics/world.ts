/** Six merchants of different size, each with three accounts, and ninety days of their payments. */
export const UNTIL_MS = Date.UTC(2026, 10, 1);
export const DAYS = 90;
export const FROM_MS = UNTIL_MS - DAYS * 86_400_000;

export interface BenchMerchant {
  readonly id: string;
  /** Of a thousand payments. */
  readonly share: number;
  readonly currency: string;
  readonly second: string;
  readonly home: string;
}

export const MERCHANTS: readonly BenchMerchant[] = [
  { id: 'mer_bench_a', share: 420, currency: 'EUR', second: 'GBP', home: 'DE' },
  { id: 'mer_bench_b', share: 240, currency: 'USD', second: 'CAD', home: 'US' },
  { id: 'mer_bench_c', share: 140, currency: 'GBP', second: 'EUR', home: 'GB' },
  { id: 'mer_bench_d', share: 100, currency: 'EUR', second: 'USD', home: 'FR' },
  { id: 'mer_bench_e', share: 60, currency: 'USD', second: 'EUR', home: 'US' },
  { id: 'mer_bench_f', share: 40, currency: 'JPY', second: 'USD', home: 'JP' },
];

export const PROVIDERS = [
  { name: 'stripe', approvesPpm: 885_000, latencyMs: 320, feePpm: 14_000 },
  { name: 'adyen', approvesPpm: 902_000, latencyMs: 260, feePpm: 12_500 },
  { name: 'checkout', approvesPpm: 893_000, latencyMs: 290, feePpm: 13_200 },
] as const;

/** After the first, which is a merchant's own, each is rarer than the one before. */
export const COUNTRIES = [
  'DE',
  'US',
  'GB',
  'FR',
  'NL',
  'ES',
  'IT',
  'AT',
  'CH',
  'BE',
  'SE',
  'PL',
  'DK',
  'NO',
  'FI',
  'IE',
  'PT',
  'CZ',
  'CA',
  'AU',
  'JP',
  'BR',
  'MX',
  'IN',
  'SG',
  'HK',
  'ZA',
  'TR',
  'AE',
  'NZ',
] as const;
export const BRANDS = ['visa', 'mastercard', 'amex', 'discover'] as const;

/** Stored decisions of one merchant: so many differ. */
export const KINDS = 400;

export const accountId = (merchant: BenchMerchant, provider: string) =>
  `acc_${merchant.id.slice(4)}_${provider}`;

/** A decision as it is stored, without what no figure reads: 5,000,000 whole ones are ten times as many bytes. */
export function decisionOf(merchant: BenchMerchant, kind: number) {
  const amount = 500 + 131 * kind;
  const rated = PROVIDERS.map(({ name, approvesPpm, feePpm }, index) => ({
    accountId: accountId(merchant, name),
    provider: name,
    ratePpm: approvesPpm - 20_000 + ((kind * (index + 3) * 7_919) % 40_000),
    feeMinor: Math.round((amount * feePpm) / 1_000_000) + 8 + ((kind * (index + 1)) % 7),
  }));
  const order = rated.toSorted((a, b) => (kind % 10 === 0 ? a.feeMinor - b.feeMinor : b.ratePpm - a.ratePpm));
  return {
    amount,
    order: order.map(({ provider }) => provider),
    document: {
      format: 2,
      order: order.map((each) => each.accountId),
      inputs: {
        candidates: rated.map((each) => ({
          accountId: each.accountId,
          success: { ratePpm: each.ratePpm, samples: 1_200, cell: 'currency', windowMs: 604_800_000 },
          health: { circuit: 'closed', weightPpm: 1_000_000, unknownPpm: 0 },
        })),
      },
      explanation: {
        candidates: rated.map((each) => ({
          accountId: each.accountId,
          provider: each.provider,
          verdict: (kind + each.provider.length) % 23 === 0 ? 'over_limit' : 'candidate',
          feeMinor: each.feeMinor,
        })),
      },
    },
  };
}
