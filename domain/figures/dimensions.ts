/**
 * What figures are told apart by. Each is of few values, so that the cells of an hour stay few; where a payment or an
 * attempt has none (no account was ever asked, a card whose country nobody knows), its value is ''.
 */
export const DIMENSIONS = [
  'merchant_id',
  'mode',
  'account_id',
  'provider',
  'issuer_country',
  'brand',
  'currency',
  'method',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/**
 * Cells are kept at several levels: the full one tells everything apart, each other one has added up what it does not
 * name, so that a question about few dimensions reads few rows. Mode is in all: test and live are never added up.
 */
export const LEVELS = {
  merchant: ['merchant_id', 'mode', 'account_id', 'provider', 'currency', 'method'],
  country: ['mode', 'provider', 'issuer_country', 'brand', 'currency', 'method'],
  brand: ['mode', 'provider', 'brand', 'currency', 'method'],
  full: DIMENSIONS,
} as const satisfies Readonly<Record<string, readonly Dimension[]>>;
export type Level = keyof typeof LEVELS;

/** From the coarsest on, so that the first that knows all that is asked for is the one with the fewest rows. */
const BY_SIZE = ['brand', 'country', 'merchant', 'full'] as const satisfies readonly Level[];

/** The smallest level that tells apart all that a question names. */
export function levelFor(asked: Iterable<Dimension>): Level {
  const needed = [...asked];
  const knows = (level: Level) => {
    const known: readonly Dimension[] = LEVELS[level];
    return needed.every((dimension) => known.includes(dimension));
  };
  return BY_SIZE.find(knows) ?? 'full';
}
