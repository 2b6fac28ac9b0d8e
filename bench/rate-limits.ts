/**
 * The suite `rate-limits`: what a limit costs a request, and what one merchant's burst does to another's payments, with
 * the limits and without.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRateLimiter } from '../api/rate-limits/limiter.ts';
import type { Db } from '../db/client.ts';
import { createPointStore } from '../db/limits/points.ts';
import { interleaved } from './lib/load.ts';
import { requireLinux } from './lib/processes.ts';
import type { Figure } from './lib/report.ts';
import { table } from './lib/report.ts';
import { median, medianInterval, quantile, ratios } from './lib/statistics.ts';
import { runSuite, type SuiteContext } from './lib/suite.ts';
import { type LimitStack, startLimitStack } from './rate-limits/stack.ts';

/** Payments come at their own times, whatever became of those before: a stall is not hidden by waiting for it. */
const EVERY_MS = 250;
const CALLERS = 32;
/** A key's limits are looked up again after two seconds (api/auth.ts); the burst is at its height then, too. */
const WARM_UP_MS = 2_500;

const SIDES = ['quiet', 'held', 'free'] as const;
type Side = (typeof SIDES)[number];

interface Measured {
  readonly p95Ms: Record<Side, number[]>;
  readonly p50Ms: Record<Side, number[]>;
  readonly refusedPerSecond: number[];
  readonly servedPerSecond: Record<Side, number[]>;
}

async function measure(
  context: SuiteContext,
  { rounds, payments }: { readonly rounds: number; readonly payments: number },
): Promise<readonly Figure[]> {
  requireLinux();
  const stack = await startLimitStack(context);
  const cost = await admissionCost(stack.db);
  const cards = await Promise.all(Array.from({ length: 8 }, () => stack.merchant.card()));
  const lists = (): Record<Side, number[]> => ({ quiet: [], held: [], free: [] });
  const measured: Measured = {
    p95Ms: lists(),
    p50Ms: lists(),
    refusedPerSecond: [],
    servedPerSecond: lists(),
  };
  await paced(stack, cards, payments);
  await interleaved(rounds, SIDES, async (side, round) => {
    const latencies = await oneSide(stack, cards, payments, side, measured);
    measured.p95Ms[side].push(quantile(latencies, 0.95));
    measured.p50Ms[side].push(median(latencies));
    context.progress.say(`round ${round + 1} of ${rounds}, ${side}`);
  });
  context.print(report(measured));
  return [...cost, ...figures(measured)];
}

async function oneSide(
  stack: LimitStack,
  cards: readonly string[],
  payments: number,
  side: Side,
  { refusedPerSecond, servedPerSecond }: Measured,
): Promise<readonly number[]> {
  if (side === 'quiet') return paced(stack, cards, payments);
  await stack.hold(side === 'held');
  const burst = stack.startBurst(CALLERS);
  await delay(WARM_UP_MS);
  const latencies = await paced(stack, cards, payments);
  const { served, refused, seconds } = await burst.end();
  servedPerSecond[side].push(served / seconds);
  if (side === 'held') refusedPerSecond.push(refused / seconds);
  return latencies;
}

async function paced(
  { merchant }: LimitStack,
  cards: readonly string[],
  payments: number,
): Promise<readonly number[]> {
  const running: Promise<number>[] = [];
  for (let each = 0; each < payments; each += 1) {
    const dueMs = performance.now() + EVERY_MS;
    const startedAt = performance.now();
    running.push(merchant.sale(cards[each % cards.length] ?? '').then(() => performance.now() - startedAt));
    await delay(Math.max(0, dueMs - performance.now()));
  }
  return Promise.all(running);
}

/** In this process, against the stack's Postgres: what a request that is admitted waits for its admission. */
async function admissionCost(db: Db): Promise<readonly Figure[]> {
  const limit = { requests: 200, seconds: 2 };
  const { admit } = createRateLimiter({
    limits: { merchant: { writes: limit }, key: { writes: limit } },
    points: createPointStore(db, (error) => {
      throw error;
    }),
  });
  const caller = { keyId: 'key_bench', merchantId: 'mer_bench', mode: 'test' } as const;
  const tookMs: number[] = [];
  for (let each = 0; each < 400; each += 1) {
    const startedAt = performance.now();
    await admit(caller, 'POST');
    tookMs.push(performance.now() - startedAt);
    await delay(15);
  }
  return [
    {
      name: 'admission_p50_ms',
      text: 'what a request waits for its admission, p50, ms',
      value: median(tookMs),
      goal: { is: '<=', bound: 0.5 },
    },
    {
      name: 'admission_p99_ms',
      text: 'the same, p99, ms',
      value: quantile(tookMs, 0.99),
      goal: { is: '<=', bound: 0.5 },
    },
  ];
}

function figures({ p95Ms }: Measured): readonly Figure[] {
  const held = ratios(p95Ms.held, p95Ms.quiet);
  const free = ratios(p95Ms.free, p95Ms.quiet);
  return [
    {
      name: 'other_p95_ratio',
      text: 'p95 of a payment while another merchant bursts, by p95 without',
      value: median(held),
      interval: medianInterval(held),
      goal: { is: '<=', bound: 1.5 },
    },
    {
      name: 'other_p95_ratio_without_limits',
      text: 'the same with that merchant’s limits off',
      value: median(free),
      interval: medianInterval(free),
    },
  ];
}

function report({ p50Ms, p95Ms, refusedPerSecond, servedPerSecond }: Measured): string {
  const perSecond = (values: readonly number[]) =>
    values.length === 0 ? '' : String(Math.round(median(values)));
  return table(
    ['payments of one merchant, every 250 ms', 'p50 ms', 'p95 ms', 'burst served/s', 'refused/s'],
    SIDES.map((side) => [
      { quiet: 'alone', held: 'beside a burst that is held', free: 'beside a burst without limits' }[side],
      median(p50Ms[side]).toFixed(1),
      median(p95Ms[side]).toFixed(1),
      perSecond(servedPerSecond[side]),
      side === 'held' ? perSecond(refusedPerSecond) : '',
    ]),
  );
}

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
const size = values.quick ? { rounds: 3, payments: 40 } : { rounds: 9, payments: 80 };
await runSuite('rate-limits', values, (context) => measure(context, size));
