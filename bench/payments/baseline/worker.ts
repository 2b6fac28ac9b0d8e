/**
 * The bench's worker: worker/main.ts as production runs it, except that its `Worker.create` gets the bare
 * activity in addition. So both sides have the very same worker: options, codec, connection, caches, and
 * whatever else the process does at the time.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { loadConfig } from '../../../config/env.ts';
import { createBaselineActivities } from './activity.ts';

const { BENCH_STRIPE_ACCOUNT: accountId = '', BENCH_STRIPE_URL: baseUrl = '' } = process.env;
const apiKey = loadConfig(process.env).providerSecrets[accountId]?.apiKey;
if (apiKey === undefined) throw new Error(`the provider secrets have no API key for ${accountId}`);

const create = Worker.create.bind(Worker);
Worker.create = (options) =>
  create({
    ...options,
    activities: { ...options.activities, ...createBaselineActivities({ baseUrl, apiKey }) },
  });

// The entry point runs when it is what Node was started with; here it is, one step later.
const entryPoint = new URL('../../../worker/main.ts', import.meta.url);
process.argv[1] = fileURLToPath(entryPoint);
await import(entryPoint.href);
