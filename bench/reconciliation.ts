/**
 * The suite `reconciliation`: what a settlement file costs beside the least that Postgres can do with it, and whether all
 * that is wrong in it is found. README.md says what each figure means.
 */
import { requireLinux } from './lib/processes.ts';
import type { Figure } from './lib/report.ts';
import { runSuite, type SuiteContext } from './lib/suite.ts';
import { figuresOf } from './reconciliation/figures.ts';
import { measureHistory } from './reconciliation/history.ts';
import { type Measured, measureSize } from './reconciliation/measure.ts';
import { type Options, parseOptions } from './reconciliation/options.ts';
import { startServer } from './reconciliation/server.ts';

async function measure(context: SuiteContext, options: Options): Promise<readonly Figure[]> {
  requireLinux();
  const server = await startServer(context);
  const measured: Measured[] = [];
  for (const rows of options.sizes) measured.push(await measureSize(context, server, rows, options));
  const figures = figuresOf(measured);
  if (!options.history) return figures;
  const events: Figure = {
    name: 'history_events',
    text: 'events of a day’s history, 10,000 lines',
    value: await measureHistory(context, options.seed),
    goal: { is: '<=', bound: 500 },
  };
  return [...figures, events];
}

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`bench reconciliation: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
if (options !== undefined) {
  const parsed = options;
  await runSuite('reconciliation', parsed, (context) => measure(context, parsed));
}
