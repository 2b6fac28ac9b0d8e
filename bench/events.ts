/**
 * The suite `events`: what telling merchants costs the worker, and whether an endpoint that hangs slows the others.
 * README.md says what each figure means.
 */
import { measureCpu } from './events/cpu.ts';
import { measureHanging } from './events/hanging.ts';
import { type Options, parseOptions } from './events/options.ts';
import { measureOutbox } from './events/outbox.ts';
import { startEventStack } from './events/stack.ts';
import { requireLinux } from './lib/processes.ts';
import type { Figure } from './lib/report.ts';
import { runSuite, type SuiteContext } from './lib/suite.ts';

/** What one payment may cost in the worker, writing its events and delivering them. */
const GOAL_CPU_MS = 3;

async function measure(context: SuiteContext, options: Options): Promise<readonly Figure[]> {
  requireLinux();
  const { sections } = options;
  const stack = await startEventStack(context);
  const figures: Figure[] = [];
  if (sections.has('cpu')) {
    const outbox = await measureOutbox(context, stack, options);
    const delivery = await measureCpu(context, stack, options);
    figures.push(outbox, ...delivery, sumOf(outbox, delivery));
  }
  if (sections.has('hanging')) figures.push(...(await measureHanging(context, stack, options)));
  await stack.close();
  return figures;
}

function sumOf(outbox: Figure, [delivery]: readonly Figure[]): Figure {
  const add = (of: (figure: Figure) => number) => of(outbox) + (delivery === undefined ? 0 : of(delivery));
  return {
    name: 'cpu_events_worker_ms',
    text: 'CPU in the worker of one payment’s events, outbox and delivery, ms',
    value: add(({ value }) => value),
    interval: {
      low: add(({ interval, value }) => interval?.low ?? value),
      high: add(({ interval, value }) => interval?.high ?? value),
      coverage: Math.min(outbox.interval?.coverage ?? 1, delivery?.interval?.coverage ?? 1),
    },
    goal: { is: '<=', bound: GOAL_CPU_MS },
  };
}

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`bench events: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
if (options !== undefined) {
  const parsed = options;
  await runSuite('events', parsed, (context) => measure(context, parsed));
}
