import type { StatisticsCell } from '../decision.ts';
import type { CellFacts, WindowRow } from './observation.ts';

/** The levels on which rates are known, coarsest first: each is pulled toward the one before it. */
export const LEVELS = [
  'account',
  'currency',
  'brand+currency',
  'brand+country+currency',
] as const satisfies readonly StatisticsCell[];

/** Neither appears in a code of a country, a currency or a brand. */
const SEPARATOR = '|';

export type LevelKeys = readonly [string, string, string, string];
export const FINEST = LEVELS.length - 1;

/** One key a level: whatever has the same key on a level is one there. */
export function levelKeys({ method, brand, issuerCountry, currency }: CellKeyParts): LevelKeys {
  const byCurrency = `${method}${SEPARATOR}${currency}`;
  const byBrand = `${byCurrency}${SEPARATOR}${brand}`;
  return ['', byCurrency, byBrand, `${byBrand}${SEPARATOR}${issuerCountry}`];
}

export type CellKeyParts = Pick<WindowRow, 'method' | 'brand' | 'issuerCountry' | 'currency'>;

/** What isn't known is a value of its own: cards of unknown country are a kind of cards. */
export function partsOf({ method, brand, issuerCountry, currency }: CellFacts): CellKeyParts {
  return { method, brand: brand ?? '', issuerCountry: issuerCountry ?? '', currency };
}

export function rowKey(row: Omit<WindowRow, 'counts'>): string {
  return [
    row.grain,
    row.accountId,
    row.bucketStartMs,
    row.method,
    row.currency,
    row.brand,
    row.issuerCountry,
  ].join(SEPARATOR);
}
