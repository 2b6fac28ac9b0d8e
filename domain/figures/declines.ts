import { RETRY_ADVICE } from '../payment/outcome.ts';
import { ADVICE_CODES } from '../routing/declines/advice-codes.ts';
import { NETWORK_CODES } from '../routing/declines/network-codes.ts';

/**
 * What makes a decline a hard one, as sets that can be asked about in SQL: `declineClass` of domain/routing/declines says
 * the same of one decline, and a test holds the two together.
 */
export const HARD_DECLINES = {
  reasons: keysWhere(RETRY_ADVICE, (advice) => advice === 'never'),
  adviceCodes: keysWhere(ADVICE_CODES, ({ advice }) => advice === 'never'),
  networkCodes: keysWhere(NETWORK_CODES, ({ category }) => category === 1),
} as const;

function keysWhere<T>(table: Readonly<Record<string, T>>, holds: (value: T) => boolean): readonly string[] {
  return Object.entries(table).flatMap(([key, value]) => (holds(value) ? [key] : []));
}
