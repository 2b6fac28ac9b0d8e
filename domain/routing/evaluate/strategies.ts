import type { CandidateInputs, StrategyName } from '../decision.ts';
import { derivedDraw, expectedPpm, rankBySuccess } from '../learning/index.ts';
import type { Choice } from '../policy/index.ts';
import { type CandidateNumbers, feeOf, type Question, type Ranking } from './numbers.ts';
import { weightedOrder } from './weighted.ts';
import { percent, points } from './words.ts';

const DEFAULT_GUARD_RAIL_POINTS = 1;
const NO_NUMBERS: ReadonlyMap<string, CandidateNumbers> = new Map();

export function strategyOf(choice: Choice): StrategyName {
  if ('order' in choice) return 'order';
  if ('split' in choice) return 'split';
  if ('lowest_cost' in choice) return 'lowest_cost';
  return 'best_success' in choice ? 'best_success' : 'weighted';
}

export function rank(choice: Choice, question: Question): Ranking {
  if ('order' in choice) return listedOrder(question);
  if ('split' in choice) return splitOrder(choice, question);
  if ('lowest_cost' in choice) return cheapestOrder(choice, question);
  if ('best_success' in choice) return successOrder(choice, question);
  return weightedOrder(choice, question);
}

function listedOrder({ listed }: Question): Ranking {
  return { order: listed, because: 'it is listed first of those that can take it', numbers: NO_NUMBERS };
}

type Split = Extract<Choice, { split: unknown }>;

/** The draw chooses the first by weight; the others follow by weight, so that a fail-over needs no second draw. */
function splitOrder({ split }: Split, { listed, inputs }: Question): Ranking {
  const weightOf = ({ accountId, provider }: CandidateInputs) =>
    split.find(({ to }) => to === accountId || to === provider)?.weight ?? 0;
  // A provider with several accounts has its weight once: its first account here takes the draw.
  const heads = listed.filter((each, at) => {
    const target = targetIn(split, each);
    return listed.findIndex((other) => targetIn(split, other) === target) === at;
  });
  const total = heads.reduce((sum, each) => sum + weightOf(each), 0);
  const drawn = Math.floor((derivedDraw(inputs.draw, 'split') * total) / 0x1_0000_0000);
  let reached = 0;
  const first = heads.find((each) => {
    reached += weightOf(each);
    return drawn < reached;
  });
  const byWeight = [...listed].sort((a, b) => weightOf(b) - weightOf(a));
  const order = first === undefined ? byWeight : [first, ...byWeight.filter((each) => each !== first)];
  const [taken] = order;
  return {
    order,
    because:
      taken === undefined || total === 0
        ? 'nobody with a weight can take it'
        : `it was drawn, with ${weightOf(taken)} of ${total}`,
    numbers: new Map(listed.map((each) => [each.accountId, { score: weightOf(each) }])),
  };
}

function targetIn(split: Split['split'], { accountId, provider }: CandidateInputs): number {
  return split.findIndex(({ to }) => to === accountId || to === provider);
}

function cheapestOrder(
  choice: Extract<Choice, { lowest_cost: unknown }>,
  { listed, inputs, catalogue }: Question,
): Ranking {
  const { at_most_points_less_success: givenUp } = choice;
  const numbers = new Map(
    listed.map((each) => {
      const fee = feeOf(each, inputs, catalogue);
      return [each.accountId, { score: expectedPpm(each), ...(fee === undefined ? {} : { fee }) }] as const;
    }),
  );
  const best = Math.max(0, ...listed.map(expectedPpm));
  const floor = givenUp === undefined ? 0 : best - Math.round(givenUp * 10_000);
  const costOf = ({ accountId }: CandidateInputs) =>
    numbers.get(accountId)?.fee?.totalMinor ?? Number.POSITIVE_INFINITY;
  const cheapest = (a: CandidateInputs, b: CandidateInputs) =>
    costOf(a) === costOf(b) ? 0 : costOf(a) - costOf(b);
  const order = [
    ...listed.filter((each) => expectedPpm(each) >= floor).sort(cheapest),
    ...listed.filter((each) => expectedPpm(each) < floor).sort((a, b) => expectedPpm(b) - expectedPpm(a)),
  ];
  const [first] = order;
  const bound =
    givenUp === undefined ? '' : ` among those within ${points(best - floor)} points of the best success`;
  const cost = first === undefined ? Number.POSITIVE_INFINITY : costOf(first);
  return {
    order,
    because: Number.isFinite(cost)
      ? `it is expected to cost least (${cost})${bound}`
      : `what it costs is not known of any${bound}`,
    numbers,
  };
}

function successOrder(
  choice: Extract<Choice, { best_success: unknown }>,
  { listed, inputs, mayExplore }: Question,
): Ranking {
  const { explore_percent = 0, guard_rail_points = DEFAULT_GUARD_RAIL_POINTS } = choice;
  const ranked = rankBySuccess(listed, inputs.draw, {
    explorePpm: mayExplore ? Math.round(explore_percent * 10_000) : 0,
    guardRailPpm: Math.round(guard_rail_points * 10_000),
    orderedFallback: listed.map(({ accountId }) => accountId),
  });
  const byId = new Map(listed.map((each) => [each.accountId, each] as const));
  const [first, second] = ranked.numbers;
  const expected = percent(first?.expectedPpm ?? 0);
  const ahead = (first?.expectedPpm ?? 0) - (second?.expectedPpm ?? 0);
  return {
    order: ranked.order.flatMap((accountId) => byId.get(accountId) ?? []),
    because:
      ranked.exploration === undefined
        ? `it is expected to succeed most, with ${expected}${second === undefined ? '' : `, ${points(ahead)} points more than the next`}`
        : `it was drawn to learn from, expected to succeed with ${expected}, ${points(ranked.exploration.marginPpm)} points less than ${ranked.exploration.instead}`,
    numbers: new Map(ranked.numbers.map((each) => [each.accountId, { score: each.expectedPpm }])),
    ...(ranked.exploration === undefined ? {} : { exploration: ranked.exploration }),
  };
}
