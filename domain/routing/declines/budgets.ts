import type { Decline } from '../../payment/outcome.ts';
import { visaCategory } from './network-codes.ts';

/**
 * How often a network lets one card be tried again, whichever provider carries the try. Past it the network charges
 * for every one, and the issuer learns to say no.
 */
export interface SchemeBudget {
  /** `same_amount`: card, amount, currency, and who initiated it make one transaction; `card`: the card alone. */
  readonly counts: 'same_amount' | 'card';
  readonly limits: readonly { readonly windowMs: number; readonly declines: number }[];
  /** Declines after which it must not be tried again, for as long as they are remembered. */
  readonly never: { readonly categories: readonly number[]; readonly adviceCodes: readonly string[] };
}

const DAY_MS = 24 * 3_600_000;

/** How far back declines are looked for: the longest window of all. Unscaled, since the networks' clocks are. */
export const REMEMBERED_MS = 30 * DAY_MS;

/**
 * Visa: 20 in any 30 days since 2025-05-19 (15 before), after categories 2 to 4; category 1 never. Mastercard: 10 in 24
 * hours, 35 in 30 days; advice 03 and 21 never. Networks that publish no limit have none here.
 */
export const SCHEME_BUDGETS: Readonly<Record<string, SchemeBudget>> = {
  visa: {
    counts: 'same_amount',
    limits: [{ windowMs: 30 * DAY_MS, declines: 20 }],
    never: { categories: [1], adviceCodes: [] },
  },
  mastercard: {
    counts: 'card',
    limits: [
      { windowMs: DAY_MS, declines: 10 },
      { windowMs: 30 * DAY_MS, declines: 35 },
    ],
    never: { categories: [], adviceCodes: ['03', '21'] },
  },
};

export type SchemeBudgets = typeof SCHEME_BUDGETS;

/** Of one card, one decline of the last 30 days that its network counts together with the payment at hand. */
export interface CountedDecline {
  readonly atMs: number;
  readonly networkCode?: string;
  readonly adviceCode?: string;
}

export type BudgetVerdict =
  | { readonly type: 'unlimited' }
  /** How many more declines the card may have. */
  | { readonly type: 'left'; readonly declines: number }
  | { readonly type: 'used_up'; readonly because: string };

export function judgeBudget(
  brand: string,
  counted: readonly CountedDecline[],
  nowMs: number,
  budgets: SchemeBudgets = SCHEME_BUDGETS,
): BudgetVerdict {
  const budget = budgets[brand];
  if (budget === undefined) return { type: 'unlimited' };
  const last = counted.find((each) => forbids(budget, each));
  if (last !== undefined)
    return { type: 'used_up', because: `${brand} allows no retry after ${saidBy(last)}` };
  let declines = Number.POSITIVE_INFINITY;
  for (const { windowMs, declines: allowed } of budget.limits) {
    const within = counted.filter(({ atMs }) => atMs > nowMs - windowMs).length;
    if (within >= allowed)
      return {
        type: 'used_up',
        because: `${brand} allows ${allowed} declined tries in ${inWords(windowMs)}`,
      };
    declines = Math.min(declines, allowed - within);
  }
  return Number.isFinite(declines) ? { type: 'left', declines } : { type: 'unlimited' };
}

function forbids({ never }: SchemeBudget, decline: CountedDecline): boolean {
  const advised = decline.adviceCode !== undefined && never.adviceCodes.includes(decline.adviceCode);
  return advised || never.categories.includes(visaCategory(decline.networkCode));
}

function saidBy({ networkCode, adviceCode: advice }: CountedDecline): string {
  const parts = [
    networkCode === undefined ? [] : [`network code ${networkCode}`],
    advice === undefined ? [] : [`advice ${advice}`],
  ];
  return parts.flat().join(', ');
}

function inWords(windowMs: number): string {
  return windowMs === DAY_MS ? '24 hours' : `${Math.round(windowMs / DAY_MS)} days`;
}

/** What a payment fails with that nobody was asked for, because its card has been declined too often. */
export function budgetDecline(because: string): Decline {
  return {
    reason: 'retry_limit_reached',
    providerCode: 'retry_budget_used_up',
    message: `Not sent to any provider: ${because}.`,
  };
}
