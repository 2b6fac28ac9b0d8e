/**
 * Loaded before worker/main.ts, which then runs as in production: its `Worker.create` gets the bare activity
 * in addition, and nothing else differs. So both sides have the very same worker: options, codec, connection,
 * caches, and whatever else the process does at the time.
 */
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
