import type { RoutingFacts } from '../../../domain/routing/facts.ts';
import { costOf, type Ledger, monthlySuccess, successOf } from './ledger.ts';
import { paymentsOf, type YearPayment } from './payments.ts';
import { ACCOUNTS, yearCatalogue } from './people.ts';
import { Merchant, Oracle, type Player } from './players.ts';
import { createWorld, fixedOrder, type World } from './world.ts';

export const PLAYERS = ['fixed order', 'success-aware', 'cost-aware', 'oracle', 'cost oracle'] as const;
export type PlayerName = (typeof PLAYERS)[number];

export interface PlayerYear {
  readonly name: PlayerName;
  /** In percent. */
  readonly success: number;
  readonly monthlySuccess: readonly number[];
  /** In percent of what was approved. */
  readonly fees: number;
  readonly explored: number;
}

export interface SimulatedYear {
  readonly payments: number;
  readonly seed: number;
  readonly order: readonly string[];
  readonly players: readonly PlayerYear[];
  readonly world: World;
}

/** What the cost-aware policy may give up at one payment; on average it gives up far less. */
const POLICY_POINTS = 1;
/**
 * What the oracle of costs may give up at one payment: more than the policy, so that on average it spends about the 0.2 points that
 * are allowed, on what saves most.
 */
const ORACLES_POINTS = 1.4;
const EXPLORE_PERCENT = 5;
const GUARD_RAIL_POINTS = 3;

/** All route the same payments in the same year, one payment after the other. `looked` is told how far it is. */
export function simulateYear(
  payments: number,
  seed: number,
  looked: (done: number) => void = () => {},
): SimulatedYear {
  const world = createWorld(seed);
  const catalogue = yearCatalogue();
  const order = fixedOrder(world, catalogue);
  const list = `[${order.join(', ')}]`;
  const merchant = (name: PlayerName, choice: string) =>
    new Merchant(name, policyOf(name, choice), world, catalogue);
  const players: readonly Player<PlayerName>[] = [
    merchant('fixed order', `{ order: ${list} }`),
    merchant(
      'success-aware',
      `{ best_success: ${list}, explore_percent: ${EXPLORE_PERCENT}, guard_rail_points: ${GUARD_RAIL_POINTS} }`,
    ),
    merchant('cost-aware', `{ lowest_cost: ${list}, at_most_points_less_success: ${POLICY_POINTS} }`),
    new Oracle('oracle', world, catalogue),
    new Oracle('cost oracle', world, catalogue, ORACLES_POINTS / 100),
  ];
  for (const payment of paymentsOf(seed, payments)) {
    const facts = factsOf(world, payment);
    for (const player of players) player.play(payment, facts);
    if (payment.index % 10_000 === 0) looked(payment.index);
  }
  return { payments, seed, order, world, players: players.map(({ name, ledger }) => yearOf(name, ledger)) };
}

/** The documents are read and compiled as a merchant's are. */
function policyOf(name: string, choice: string): string {
  return [
    'format: interlock/routing@1',
    `name: ${name}`,
    `otherwise: { choose: ${choice} }`,
    'retries: { max_attempts: 3, fail_over_after: [processing_error] }',
  ].join('\n');
}

function factsOf({ kinds }: World, { kind, amountMinor, atMs }: YearPayment): RoutingFacts {
  const known = kinds[kind];
  if (known === undefined) throw new RangeError(`there is no kind ${kind} of payments`);
  return {
    merchantId: 'mer_year',
    amountMinor,
    currency: known.country.currency,
    method: 'card',
    atMs,
    buyerCountry: known.country.code,
    issuerCountry: known.country.code,
    brand: known.brand,
    risk: 'normal',
    merchantInitiated: false,
    recurring: false,
    metadata: {},
  };
}

function yearOf(name: PlayerName, ledger: Ledger): PlayerYear {
  return {
    name,
    success: successOf(ledger),
    monthlySuccess: monthlySuccess(ledger),
    fees: costOf(ledger),
    explored: ledger.explored,
  };
}

export function playerOf({ players }: Pick<SimulatedYear, 'players'>, name: PlayerName): PlayerYear {
  const player = players.find((each) => each.name === name);
  if (player === undefined) throw new RangeError(`nobody called ${name} played`);
  return player;
}

export interface YearFigure {
  readonly name: string;
  readonly text: string;
  readonly value: number;
  readonly goal: { readonly is: '<=' | '>='; readonly bound: number };
}

/** The year's four promises. */
export function figuresOf(year: SimulatedYear): readonly YearFigure[] {
  const of = (name: PlayerName) => playerOf(year, name);
  const [fixed, success, cost, oracle, costOracle] = PLAYERS.map(of) as [
    PlayerYear,
    PlayerYear,
    PlayerYear,
    PlayerYear,
    PlayerYear,
  ];
  const worst = Math.min(
    ...success.monthlySuccess.map((each, month) => each - (fixed.monthlySuccess[month] ?? 0)),
  );
  return [
    {
      name: 'year_gap_closed_percent',
      text: 'of the gap between fixed order and oracle, closed by success-aware routing, %',
      value: (100 * (success.success - fixed.success)) / (oracle.success - fixed.success),
      goal: { is: '>=', bound: 60 },
    },
    {
      name: 'year_worst_month_points',
      text: 'success-aware less fixed order, in its worst month, points',
      value: worst,
      goal: { is: '>=', bound: -0.3 },
    },
    {
      name: 'year_saving_share_percent',
      text: 'of the saving that the oracle finds, found by cost-aware routing, %',
      value: (100 * (success.fees - cost.fees)) / (oracle.fees - costOracle.fees),
      goal: { is: '>=', bound: 60 },
    },
    {
      name: 'year_success_given_up_points',
      text: 'success that cost-aware routing gives up for it against success-aware, points',
      value: success.success - cost.success,
      goal: { is: '<=', bound: 0.2 },
    },
  ];
}

export const ACCOUNT_NAMES = ACCOUNTS.map(({ provider }) => provider);
