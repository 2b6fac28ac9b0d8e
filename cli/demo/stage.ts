import type { Desk } from '../operator/desk.ts';
import type { Merchant } from './merchant.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { Tried } from './tried.ts';

/** Two people with keys of their own: what one proposes, only the other can carry out. */
export interface Operators {
  readonly alice: Desk;
  readonly bob: Desk;
}

/** Who takes part: a merchant's program, the sandboxes that can be broken, and two operators. */
export interface Stage {
  readonly merchant: Merchant;
  readonly sandboxes: Sandboxes;
  readonly operators: Operators;
}

/** What breaks on the way, and what must come of it: one charge or none. Each cleans up after itself. */
export type FaultScenario = (stage: Stage) => Promise<readonly Tried[]>;
