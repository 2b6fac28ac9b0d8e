import { evaluate } from '../../domain/routing/evaluate/index.ts';
import type { Figure } from '../lib/report.ts';
import { median, medianInterval, quantile } from '../lib/statistics.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { exponent } from '../reconciliation/figures.ts';
import { type DecisionWorld, decisionWorld } from './decision-world.ts';
import type { Options } from './options.ts';

const RULES = 50;
const ACCOUNTS = 12;
/** Over which sizes the growth is measured. */
const SIZES = [50, 100, 200, 400, 700, 1_000];
const PASSES = 7;

/** What one decision costs: with 50 rules, all of which are asked, and 12 candidates; and how that grows with rules. */
export async function measureDecision(context: SuiteContext, options: Options): Promise<readonly Figure[]> {
  const rounds = options.quick ? 3 : 9;
  const payments = options.quick ? 2_000 : 10_000;
  const world = decisionWorld(options.seed, { rules: RULES, accounts: ACCOUNTS, payments });
  for (let warm = 0; warm < 3; warm++) timesOf(world);
  const times: Float64Array[] = [];
  for (let round = 0; round < rounds; round++) {
    const measured = async () => timesOf(world);
    times.push(await context.progress.step(`decisions, round ${round + 1} of ${rounds}`, measured));
  }
  const p50 = times.map((each) => quantile([...each], 0.5));
  const p99 = times.map((each) => quantile([...each], 0.99));
  const rate = times.map((each) => (1_000 * each.length) / each.reduce((sum, time) => sum + time, 0));
  const growth = SIZES.map((rules) => ({ rules, ms: medianOf(options, rules) }));
  return [
    figure('decision_p50_ms', 'p50 of a decision, 50 rules, 12 candidates, ms', p50, '<=', 0.15),
    figure('decision_p99_ms', 'p99 of the same, ms', p99, '<=', 1),
    {
      name: 'decision_p99_cpu_ms',
      text: 'p99 in CPU time, ms',
      value: quantile([...timesOf(world, cpuMs)], 0.99),
    },
    figure('decisions_per_second', 'decisions a second on one core', rate, '>=', 5_000),
    {
      name: 'decision_rules_exponent',
      text: 'slope of log CPU time over log rules, 50 to 1,000 rules',
      value: exponent(growth.map(({ rules, ms }) => [rules, ms] as const)),
      goal: { is: '<=', bound: 1.1 },
    },
    {
      name: 'decision_1000_rules_ms',
      text: 'p50 of a decision with 1,000 rules, ms of CPU',
      value: growth.at(-1)?.ms ?? Number.NaN,
    },
  ];
}

function figure(
  name: string,
  text: string,
  rounds: readonly number[],
  is: '<=' | '>=',
  bound: number,
): Figure {
  return { name, text, value: median(rounds), interval: medianInterval(rounds), goal: { is, bound } };
}

/** CPU of the process, all threads: what a decision costs, whoever else has the machine meanwhile. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Milliseconds of each decision. What was decided is looked at, so that no decision can be left out. */
function timesOf(
  { policy, catalogue, inputs }: DecisionWorld,
  nowMs: () => number = () => performance.now(),
): Float64Array {
  const times = new Float64Array(inputs.length);
  let decided = 0;
  for (const [at, each] of inputs.entries()) {
    const before = nowMs();
    decided += evaluate(policy, catalogue, each).order.length;
    times[at] = nowMs() - before;
  }
  if (decided === 0) throw new Error('no payment could be routed');
  return times;
}

/** The least p50 of some passes: what else happens on the machine (and to its caches) only adds. */
function medianOf(options: Options, rules: number): number {
  const world = decisionWorld(options.seed, { rules, accounts: ACCOUNTS, payments: 500 });
  timesOf(world);
  return Math.min(...Array.from({ length: PASSES }, () => median([...timesOf(world, cpuMs)])));
}
