/**
 * The suite `payments`: what a payment costs, beside the least that Temporal can do for one. README.md says
 * what each figure means and how to read it.
 */

import { createDataConverter } from '../client/codec/index.ts';
import { connectClient } from '../client/index.ts';
import { requireLinux } from './lib/processes.ts';
import type { Figure } from './lib/report.ts';
import { runSuite, type SuiteContext } from './lib/suite.ts';
import { compare } from './payments/compare.ts';
import { measureHistories } from './payments/history.ts';
import { measureMemory } from './payments/memory.ts';
import { createMerchant } from './payments/merchant.ts';
import { type Options, parseOptions } from './payments/options.ts';
import { startBenchStack } from './payments/stack.ts';

async function measure(context: SuiteContext, options: Options): Promise<readonly Figure[]> {
  requireLinux();
  const { sections } = options;
  const figures: Figure[] = [];
  const comparing = sections.has('latency') || sections.has('throughput') || sections.has('cpu');
  if (comparing || sections.has('history')) {
    const stack = await startBenchStack(context);
    const merchant = createMerchant(stack.apiUrl, stack.apiKey);
    const { temporal, keys } = stack.config;
    const client = await connectClient(temporal, createDataConverter(keys.codec));
    const parts = { context, stack, merchant, client, options };
    if (comparing) figures.push(...(await compare(parts)));
    if (sections.has('history')) figures.push(...(await measureHistories(parts)));
    merchant.close();
    await client.connection.close();
    await stack.stop();
  }
  if (sections.has('memory')) figures.push(...(await measureMemory(context, options)));
  return figures;
}

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`bench payments: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
if (options !== undefined) {
  const parsed = options;
  await runSuite('payments', parsed, (context) => measure(context, parsed));
}
