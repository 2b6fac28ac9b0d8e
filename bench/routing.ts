/**
 * The suite `routing`: what a decision costs, what a simulated year of routing by success and by cost brings, and how
 * fast the past can be asked. README.md says what each figure means.
 */
import type { Figure } from './lib/report.ts';
import { runSuite, type SuiteContext } from './lib/suite.ts';
import { measureBacktest } from './routing/backtest.ts';
import { measureDecision } from './routing/decision.ts';
import { type Options, type Part, parseOptions } from './routing/options.ts';
import { measureYear } from './routing/year.ts';

const MEASURES: Readonly<
  Record<Part, (context: SuiteContext, options: Options) => Promise<readonly Figure[]>>
> = { decision: measureDecision, year: measureYear, backtest: measureBacktest };

async function measure(context: SuiteContext, options: Options): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const part of options.parts) figures.push(...(await MEASURES[part](context, options)));
  return figures;
}

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`bench routing: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
if (options !== undefined) {
  const parsed = options;
  await runSuite('routing', parsed, (context) => measure(context, parsed));
}
