import { closedLoop, interleaved } from '../lib/load.ts';
import type { Figure } from '../lib/report.ts';
import { median, medianInterval, quantile, ratios } from '../lib/statistics.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { SALE } from '../payments/merchant.ts';
import type { Options } from './options.ts';
import { untilArrived } from './sink.ts';
import type { EventStack } from './stack.ts';

/** Four endpoints that answer, beside a fifth that does too or that hangs: the four's delivery, from commit to arrival. */
const SIDES = ['one hangs', 'all well'] as const;
type Side = (typeof SIDES)[number];

const OTHERS = 4;
const CONCURRENCY = 4;
const GOAL_RATIO = 1.5;

export async function measureHanging(
  context: SuiteContext,
  stack: EventStack,
  options: Options,
): Promise<readonly Figure[]> {
  const card = await stack.merchant.card();
  const run = async (side: Side): Promise<number[]> => {
    const sinks = await Promise.all([
      stack.sink(side === 'one hangs'),
      ...Array.from({ length: OTHERS }, () => stack.sink()),
    ]);
    const endpoints = await Promise.all(sinks.map((sink) => stack.listen(sink)));
    const paid: string[] = [];
    await closedLoop(options.payments, CONCURRENCY, async () => {
      const payment = await stack.merchant.pay({ ...SALE, payment_method: card });
      paid.push(payment.id);
    });
    const [, ...others] = sinks;
    for (const sink of others) await untilArrived(sink, options.payments);
    const rows = await stack.sql<{ id: string; at: Date }>(
      'SELECT id, created_at AS at FROM outbox WHERE payment_id = ANY($1)',
      [paid],
    );
    for (const endpoint of endpoints) await endpoint.remove();
    // Cut off, so that nothing of this round hangs into the next.
    await Promise.all(sinks.map((sink) => sink.close()));
    return others.flatMap((sink) => rows.map(({ id, at }) => (sink.arrivedAtMs.get(id) ?? 0) - at.getTime()));
  };
  const p95: Record<Side, number[]> = { 'one hangs': [], 'all well': [] };
  const p50: Record<Side, number[]> = { 'one hangs': [], 'all well': [] };
  await context.progress.step(`hanging: ${options.rounds} rounds of 2 × ${options.payments}`, async (say) => {
    await run('all well');
    await interleaved(options.rounds, SIDES, async (side, round) => {
      const latencies = await run(side);
      p95[side].push(quantile(latencies, 0.95));
      p50[side].push(quantile(latencies, 0.5));
      const shown = (share: number) => quantile(latencies, share).toFixed(0);
      say(`round ${round + 1}, ${side}: p50 ${shown(0.5)} ms, p95 ${shown(0.95)} ms`);
    });
  });
  const perRound = ratios(p95['one hangs'], p95['all well']);
  return [
    {
      name: 'delivery_p95_hanging_ratio',
      text: 'p95 of the others’ delivery, one endpoint hangs / all well',
      value: median(perRound),
      interval: medianInterval(perRound),
      goal: { is: '<=', bound: GOAL_RATIO },
    },
    ...SIDES.flatMap((side): Figure[] => [
      told(`delivery_p50_${side}_ms`, `p50 from commit to arrival, ${side}, ms`, p50[side]),
      told(`delivery_p95_${side}_ms`, `p95 from commit to arrival, ${side}, ms`, p95[side]),
    ]),
  ];
}

function told(name: string, text: string, sample: readonly number[]): Figure {
  return { name: name.replaceAll(' ', '_'), text, value: median(sample), interval: medianInterval(sample) };
}
