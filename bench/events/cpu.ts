import { closedLoop, interleaved } from '../lib/load.ts';
import { type CpuByName, cpuOf, untilQuiet } from '../lib/processes.ts';
import { type Figure, table } from '../lib/report.ts';
import { median, medianInterval } from '../lib/statistics.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { SALE } from '../payments/merchant.ts';
import type { Options } from './options.ts';
import { untilArrived } from './sink.ts';
import type { EventStack } from './stack.ts';

/**
 * The same payments with an endpoint that hears of them and without one, in interleaved rounds. The difference in the
 * worker's CPU is delivery: pokes, workflow tasks, passes, signatures and requests.
 */
const SIDES = ['delivered', 'nobody listens'] as const;
type Side = (typeof SIDES)[number];

const CONCURRENCY = 8;
const CARDS = 16;

export async function measureCpu(
  context: SuiteContext,
  stack: EventStack,
  options: Options,
): Promise<readonly Figure[]> {
  const { merchant } = stack;
  const cards: string[] = [];
  for (let index = 0; index < CARDS; index += 1) cards.push(await merchant.card());
  const pay = async (index: number) => {
    const payment = await merchant.pay({ ...SALE, payment_method: cards[index % CARDS] });
    if (payment.status !== 'succeeded') throw new Error(`a sale ended ${payment.status}`);
  };
  const run = async (side: Side, count: number): Promise<CpuByName> => {
    const sink = await stack.sink();
    const endpoint = side === 'delivered' ? await stack.listen(sink) : undefined;
    await untilQuiet(stack.pids);
    const before = cpuOf(stack.pids);
    await closedLoop(count, CONCURRENCY, pay);
    if (endpoint !== undefined) await untilArrived(sink, count);
    await untilQuiet(stack.pids);
    const after = cpuOf(stack.pids);
    await endpoint?.remove();
    await sink.close();
    return Object.fromEntries(
      Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / count]),
    );
  };
  const { progress } = context;
  await progress.step('warm-up', async () => {
    for (const side of SIDES) await run(side, options.payments);
  });
  const results: Record<Side, CpuByName[]> = { delivered: [], 'nobody listens': [] };
  await progress.step(`delivery: ${options.rounds} rounds of 2 × ${options.payments}`, (say) =>
    interleaved(options.rounds, SIDES, async (side, round) => {
      const cpu = await run(side, options.payments);
      results[side].push(cpu);
      say(`round ${round + 1}, ${side}: worker ${(cpu.worker ?? 0).toFixed(2)} ms a payment`);
    }),
  );
  const names = Object.keys(stack.pids);
  const of = (side: Side, name: string) => results[side].map((cpu) => cpu[name] ?? 0);
  const rows = names.map((name) => [name, ...SIDES.map((side) => median(of(side, name)).toFixed(2))]);
  context.print(`CPU milliseconds a payment at concurrency ${CONCURRENCY}\n${table(['', ...SIDES], rows)}`);
  const figure = (name: string): Figure => {
    const without = of('nobody listens', name);
    const perRound = of('delivered', name).map((ms, round) => ms - (without[round] ?? 0));
    return {
      name: `cpu_delivery_${name}_ms`,
      text: `CPU of delivering one payment’s event: ${name}, ms`,
      value: median(perRound),
      interval: medianInterval(perRound),
    };
  };
  return ['worker', ...names.filter((name) => name !== 'worker')].map(figure);
}
