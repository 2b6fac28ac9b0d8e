import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { closedLoop, interleaved, type LoadResult } from '../lib/load.ts';
import { type CpuByName, cpuOf, untilQuiet } from '../lib/processes.ts';
import { type Figure, rounded, table } from '../lib/report.ts';
import { median, medianInterval, quantile, ratios } from '../lib/statistics.ts';
import type { SuiteContext } from '../lib/suite.ts';
import type { bareCharge } from './baseline/workflow.ts';
import { type Merchant, SALE, simulatorAdmin } from './merchant.ts';
import type { Options } from './options.ts';
import type { BenchStack } from './stack.ts';

/**
 * A synchronous payment over HTTP against a bare workflow that makes the same call, in interleaved rounds on
 * the same worker, server, simulator and codec.
 */
const SIDES = ['payment', 'bare workflow'] as const;
type Side = (typeof SIDES)[number];

const PHASES = [
  { section: 'latency', concurrency: 1, share: 1 / 3 },
  { section: 'throughput', concurrency: 32, share: 1 },
  { section: 'cpu', concurrency: 8, share: 1 },
] as const;
type Phase = (typeof PHASES)[number];

interface Measured extends LoadResult {
  /** CPU of each process, milliseconds a payment, what the phase left to do included. */
  readonly cpuMs: CpuByName;
}

type Results = Record<Side, Measured[]>;

export interface CompareParts {
  readonly context: SuiteContext;
  readonly stack: BenchStack;
  readonly merchant: Merchant;
  readonly client: Client;
  readonly options: Options;
}

/** Each caller has a card of its own, as customers have. Reuse is safe: the bench's cards have no CVC to lose. */
const CARDS = 32;
const WARM_UP_CONCURRENCY = 8;
const LOAD_GENERATOR = 'load generator';

export async function compare(parts: CompareParts): Promise<readonly Figure[]> {
  const { context, stack, merchant, options } = parts;
  const { progress } = context;
  const phases = PHASES.filter(({ section }) => options.sections.has(section));
  const cards: string[] = [];
  for (let index = 0; index < CARDS; index += 1) cards.push(await merchant.card());
  const calls: Record<Side, (index: number) => Promise<void>> = {
    payment: async (index) => {
      await merchant.sale(cards[index % CARDS] ?? '');
    },
    'bare workflow': () => executeBare(parts),
  };
  const run = async (side: Side, count: number, concurrency: number): Promise<Measured> => {
    // A bare workflow listens to no webhooks, and must not pay for Interlock's receiving them.
    const heard = side === 'payment' && options.webhooks;
    const mode = { mode: heard ? 'normal' : 'drop' };
    await simulatorAdmin(stack.adminUrls.stripe, 'POST', '/webhooks', mode);
    await untilQuiet(stack.pids);
    const before = cpuNow(stack);
    const load = await closedLoop(count, concurrency, calls[side]);
    await untilQuiet(stack.pids);
    return { ...load, cpuMs: perPayment(before, cpuNow(stack), count) };
  };

  await progress.step('warm-up', async () => {
    for (const side of SIDES) await run(side, options.payments, WARM_UP_CONCURRENCY);
  });
  const figures: Figure[] = [];
  for (const phase of phases) {
    const results: Results = { payment: [], 'bare workflow': [] };
    const count = Math.max(4, Math.round(options.payments * phase.share));
    await progress.step(`${phase.section}: ${options.rounds} rounds of 2 × ${count}`, (say) =>
      interleaved(options.rounds, SIDES, async (side, round) => {
        const measured = await run(side, count, phase.concurrency);
        results[side].push(measured);
        say(`round ${round + 1}, ${side}: ${oneLine(measured)}`);
      }),
    );
    figures.push(...report(context, phase, results));
  }
  return figures;
}

async function executeBare({ client, stack }: CompareParts): Promise<void> {
  const charge = await client.workflow.execute<typeof bareCharge>('bareCharge', {
    taskQueue: stack.config.temporal.taskQueue,
    workflowId: `bench/${randomUUID()}`,
    args: [{ amountMinor: SALE.amount, currency: SALE.currency }],
  });
  if (charge.status !== 'succeeded') throw new Error(`a bare charge ended ${charge.status}: ${charge.id}`);
}

/** This process is the stack's parent, so its own time is asked for alone. */
function cpuNow({ pids }: BenchStack): CpuByName {
  const { user, system } = process.cpuUsage();
  return { ...cpuOf(pids), [LOAD_GENERATOR]: (user + system) / 1_000 };
}

function perPayment(before: CpuByName, after: CpuByName, count: number): CpuByName {
  return Object.fromEntries(
    Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / count]),
  );
}

function oneLine({ latenciesMs, perSecond }: LoadResult): string {
  const p = (share: number) => quantile(latenciesMs, share).toFixed(0);
  return `p50 ${p(0.5)} ms, p99 ${p(0.99)} ms, ${perSecond.toFixed(1)}/s`;
}

function report(context: SuiteContext, phase: Phase, results: Results): readonly Figure[] {
  const title = `${phase.section} at concurrency ${phase.concurrency}, medians of rounds`;
  const rows = SIDES.map((side) => [side, ...summary(results[side])]);
  context.print(`${title}\n${table(['', 'p50 ms', 'p95 ms', 'p99 ms', '/s'], rows)}`);
  const of = (side: Side, value: (measured: Measured) => number) => results[side].map(value);
  const ratioOf = (value: (measured: Measured) => number) =>
    ratios(of('payment', value), of('bare workflow', value));
  switch (phase.section) {
    case 'latency': {
      const perRound = ratioOf(({ latenciesMs }) => quantile(latenciesMs, 0.5));
      return [
        {
          name: 'latency_p50_c1_ratio',
          text: 'p50 at concurrency 1, payment / bare workflow',
          value: median(perRound),
          interval: medianInterval(perRound),
          goal: { is: '<=', bound: 1.3 },
        },
      ];
    }
    case 'throughput': {
      const perRound = ratioOf(({ perSecond }) => perSecond);
      return [
        {
          name: 'throughput_c32_ratio',
          text: 'throughput at concurrency 32, payment / bare workflow',
          value: median(perRound),
          interval: medianInterval(perRound),
          goal: { is: '>=', bound: 0.6 },
        },
      ];
    }
    case 'cpu':
      return cpuFigures(context, results);
  }
}

function summary(rounds: readonly Measured[]): string[] {
  const of = (value: (measured: Measured) => number) => median(rounds.map(value)).toFixed(1);
  const p = (share: number) => of(({ latenciesMs }) => quantile(latenciesMs, share));
  return [p(0.5), p(0.95), p(0.99), of(({ perSecond }) => perSecond)];
}

function cpuFigures(context: SuiteContext, results: Results): readonly Figure[] {
  const names = Object.keys(results.payment[0]?.cpuMs ?? {});
  const of = (side: Side, name: string) => results[side].map(({ cpuMs }) => cpuMs[name] ?? 0);
  const rows = names.map((name) => [name, ...SIDES.map((side) => median(of(side, name)).toFixed(2))]);
  context.print(`CPU milliseconds a payment at concurrency 8\n${table(['', ...SIDES], rows)}`);
  // The load generator is the merchant, not Interlock; it stays out of the sums.
  const ours = names.filter((name) => name !== LOAD_GENERATOR);
  const total = (side: Side) =>
    results[side].map(({ cpuMs }) => ours.reduce((sum, name) => sum + (cpuMs[name] ?? 0), 0));
  const perSide = (side: Side, key: string): Figure[] => [
    ...ours.map((name) => ({
      name: `cpu_${key}_${name}_ms`,
      text: `CPU of one ${side}: ${name}, ms`,
      value: rounded(median(of(side, name))),
    })),
    {
      name: `cpu_${key}_ms`,
      text: `CPU of one ${side}: all, ms`,
      value: median(total(side)),
      interval: medianInterval(total(side)),
    },
  ];
  const perRound = ratios(total('payment'), total('bare workflow'));
  return [
    ...perSide('payment', 'payment'),
    ...perSide('bare workflow', 'bare'),
    {
      name: 'cpu_ratio',
      text: 'CPU, payment / bare workflow',
      value: median(perRound),
      interval: medianInterval(perRound),
    },
  ];
}
