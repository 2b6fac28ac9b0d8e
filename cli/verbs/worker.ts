import { runEntry } from '../run-child.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'run one Temporal worker; run more of them to scale',
  usage: `Usage: ./interlock worker

Runs a worker in the foreground, with its settings from the environment (config/env.ts lists them:
DATABASE_URL, TEMPORAL_ADDRESS, INTERLOCK_CODEC_KEYS, ...). INTERLOCK_WORKFLOW_BUNDLE=dist/workflow-bundle.js
uses the bundle that ./interlock build wrote, which makes the start faster.`,
  run: (argv) => runEntry('worker/main.ts', argv),
};

export default verb;
