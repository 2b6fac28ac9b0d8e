import { z } from 'zod';
import { didYouMean, quoted } from './problem.ts';

/** Provider names or account ids; `all` is every account of the merchant, in the order of their ids. */
export const targetsSchema = z.union([z.literal('all'), z.array(z.string().min(1)).min(1).max(64)], {
  error: 'must be `all`, or a list of provider names or account ids',
});
export type Targets = z.infer<typeof targetsSchema>;

const weight = z.int().min(0).max(1_000_000);
const percent = z.number().min(0).max(100);
/** Points of success, in steps that parts per million can carry. */
const points = z.number().min(0).max(100);

const order = z.strictObject({ order: targetsSchema });
const split = z.strictObject({
  split: z
    .array(z.strictObject({ to: z.string().min(1), weight }))
    .min(1)
    .max(64),
});
const lowestCost = z.strictObject({
  lowest_cost: targetsSchema,
  /** How much success may be given up for a lower fee, in percentage points. Absent: any. */
  at_most_points_less_success: points.optional(),
});
const bestSuccess = z.strictObject({
  best_success: targetsSchema,
  /** Of payments, how many may go to another than the best known one, to learn. */
  explore_percent: percent.max(20).optional(),
  /** Learning never costs more expected success than this, in percentage points against the order as listed. */
  guard_rail_points: points.optional(),
});
const weighted = z.strictObject({
  weighted: z.strictObject({
    success: weight.optional(),
    cost: weight.optional(),
    latency: weight.optional(),
    /** Of the expected value: what the merchant earns, times how likely, less the fee. Needs `margin_percent`. */
    value: weight.optional(),
  }),
  among: targetsSchema.optional(),
  /** What the merchant earns of a payment that succeeds, in percent of its amount. */
  margin_percent: percent.optional(),
});

export type Choice =
  | z.infer<typeof order>
  | z.infer<typeof split>
  | z.infer<typeof lowestCost>
  | z.infer<typeof bestSuccess>
  | z.infer<typeof weighted>;

const STRATEGIES: Readonly<Record<string, z.ZodType<Choice>>> = {
  order,
  split,
  lowest_cost: lowestCost,
  best_success: bestSuccess,
  weighted,
};
export const STRATEGY_KEYS = Object.keys(STRATEGIES);

/**
 * One strategy, told by its key. Not a union of zod's: that answers a slip in one strategy with what all
 * five would have wanted.
 */
export const choiceSchema = z
  .custom<Choice>()
  .superRefine((value: unknown, context) => {
    const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    const named = keys.filter((key) => STRATEGIES[key] !== undefined);
    const [only] = named;
    if (only === undefined || named.length > 1) {
      context.addIssue({ code: 'custom', message: wrongKeys(keys, named) });
      return;
    }
    const parsed = STRATEGIES[only]?.safeParse(value, { reportInput: true });
    for (const issue of parsed?.error?.issues ?? [])
      context.addIssue(issue as Parameters<typeof context.addIssue>[0]);
  })
  // For the OpenAPI document, which cannot read a function.
  .meta({ type: 'object', description: `Has one of ${STRATEGY_KEYS.join(', ')}.` });

function wrongKeys(keys: readonly string[], named: readonly string[]): string {
  if (named.length > 1) return `has ${named.join(' and ')}, and can have one of them`;
  const meant = keys.map((key) => didYouMean(key, STRATEGY_KEYS)).find((each) => each !== undefined);
  const hint = meant === undefined ? '' : `; did you mean ${quoted(meant)}?`;
  return `must have one of ${STRATEGY_KEYS.join(', ')}${hint}`;
}

/** The accounts that a choice names, in its order. `undefined`: all. */
export function targetsOf(choice: Choice): readonly string[] | undefined {
  if ('split' in choice) return choice.split.map(({ to }) => to);
  const targets = listIn(choice)[1];
  return targets === 'all' ? undefined : targets;
}

/** The same, each with where it stands in the choice. */
export function placedTargets(
  choice: Choice,
): readonly { readonly name: string; readonly place: readonly (string | number)[] }[] {
  if ('split' in choice) return choice.split.map(({ to }, at) => ({ name: to, place: ['split', at, 'to'] }));
  const [key, targets] = listIn(choice);
  return targets === 'all' ? [] : targets.map((name, at) => ({ name, place: [key, at] }));
}

function listIn(choice: Exclude<Choice, { split: unknown }>): readonly [key: string, targets: Targets] {
  if ('order' in choice) return ['order', choice.order];
  if ('lowest_cost' in choice) return ['lowest_cost', choice.lowest_cost];
  if ('best_success' in choice) return ['best_success', choice.best_success];
  return ['among', choice.among ?? 'all'];
}
