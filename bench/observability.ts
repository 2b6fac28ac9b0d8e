/**
 * The suite `observability`: what a payment costs more when all that happens to it is traced and counted. README.md says
 * how to read the figures.
 */
import { parseArgs } from 'node:util';
import { closedLoop, interleaved } from './lib/load.ts';
import { type CpuByName, cpuOf, requireLinux, untilQuiet } from './lib/processes.ts';
import { type Figure, rounded, table } from './lib/report.ts';
import { median, medianInterval, quantile, ratios } from './lib/statistics.ts';
import { runSuite, type SuiteContext } from './lib/suite.ts';
import { startReceiver } from './observability/receiver.ts';
import { startWatched, type Watched } from './observability/stack.ts';

const SIDES = ['off', 'all', 'tenth'] as const;
type Side = (typeof SIDES)[number];

const SAID: Record<Side, string> = {
  off: 'nothing told',
  all: 'every payment traced, and metrics',
  tenth: 'one payment in ten traced, and metrics',
};

interface Measured {
  readonly cpuMs: CpuByName;
  readonly p50Ms: number;
}

interface Size {
  readonly rounds: number;
  readonly payments: number;
}

const CONCURRENCY = 8;
const WARM_UP = 2;

async function measure(context: SuiteContext, { rounds, payments }: Size): Promise<readonly Figure[]> {
  requireLinux();
  const receiver = await startReceiver();
  context.defer(async () => receiver.close());
  const traces = (ratio: number) => ({ endpoint: receiver.endpoint, ratio });
  const stacks: Record<Side, Watched> = {
    off: await startWatched(context, { metrics: false }),
    all: await startWatched(context, { traces: traces(1), metrics: true }),
    tenth: await startWatched(context, { traces: traces(0.1), metrics: true }),
  };
  const measured: Record<Side, Measured[]> = { off: [], all: [], tenth: [] };
  await interleaved(WARM_UP, SIDES, async (side) => {
    await context.progress.step(`warm-up, ${SAID[side]}`, () => run(stacks[side], payments));
  });
  let spans = 0;
  await interleaved(rounds, SIDES, async (side, round) => {
    const before = receiver.received().spans;
    const result = await run(stacks[side], payments);
    if (side === 'all') spans += receiver.received().spans - before;
    measured[side].push(result);
    const { api = 0, worker = 0 } = result.cpuMs;
    context.progress.say(
      `round ${round + 1} of ${rounds}, ${SAID[side]}: API ${api.toFixed(2)} ms, worker ${worker.toFixed(2)} ms`,
    );
  });
  context.print(report(measured));
  return [...figures(measured), spansFigure(spans / (rounds * payments))];
}

/** What follows an answer (webhooks, the workflow's end, the export of spans) is on its bill, and each page is scraped once. */
async function run({ merchant, cards, pids, scraped }: Watched, payments: number): Promise<Measured> {
  await untilQuiet(pids);
  const before = cpuOf(pids);
  const { latenciesMs } = await closedLoop(payments, CONCURRENCY, async (index) => {
    await merchant.sale(cards[index % cards.length] ?? '');
  });
  for (const page of scraped) await (await fetch(page)).text();
  await untilQuiet(pids);
  const after = cpuOf(pids);
  return {
    p50Ms: quantile(latenciesMs, 0.5),
    cpuMs: Object.fromEntries(
      Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / payments]),
    ),
  };
}

const total = ({ cpuMs }: Measured) => Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0);

function figures(measured: Record<Side, readonly Measured[]>): readonly Figure[] {
  const against = (side: Side): Figure => {
    const perRound = ratios(measured[side].map(total), measured.off.map(total));
    return {
      name: `cpu_ratio_${side}`,
      text: `CPU a payment, API and worker: ${SAID[side]}, by ${SAID.off}`,
      value: median(perRound),
      interval: medianInterval(perRound),
      goal: { is: '<=', bound: 1.1 },
    };
  };
  const cost = (side: Side): Figure => ({
    name: `cpu_${side}_ms`,
    text: `CPU a payment, API and worker, ms: ${SAID[side]}`,
    value: rounded(median(measured[side].map(total))),
  });
  return [against('all'), against('tenth'), ...SIDES.map(cost)];
}

function spansFigure(spans: number): Figure {
  return { name: 'spans_a_payment', text: 'spans that one payment is told in', value: rounded(spans) };
}

function report(measured: Record<Side, readonly Measured[]>): string {
  const of = (side: Side, value: (each: Measured) => number) => median(measured[side].map(value)).toFixed(2);
  return table(
    ['medians of rounds, a payment', 'API ms', 'worker ms', 'both ms', 'p50 ms'],
    SIDES.map((side) => [
      SAID[side],
      of(side, ({ cpuMs }) => cpuMs.api ?? 0),
      of(side, ({ cpuMs }) => cpuMs.worker ?? 0),
      of(side, total),
      of(side, ({ p50Ms }) => p50Ms),
    ]),
  );
}

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});
const size = values.quick ? { rounds: 5, payments: 100 } : { rounds: 9, payments: 240 };
await runSuite('observability', values, (context) => measure(context, size));
