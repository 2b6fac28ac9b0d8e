import type { Mutation } from './mutation.ts';
import { CHALLENGES, DELIVERIES } from './mutations-of-challenges.ts';
import { BOOKS, EFFECTS } from './mutations-of-money.ts';
import { ORDER, PROMISES, SECRETS_AND_LETTERS } from './mutations-of-order.ts';

/** Ways to break a sound run's evidence: each must be flagged. */
export const MUTATIONS: readonly Mutation[] = [
  ...EFFECTS,
  ...BOOKS,
  ...ORDER,
  ...PROMISES,
  ...SECRETS_AND_LETTERS,
  ...CHALLENGES,
  ...DELIVERIES,
];
