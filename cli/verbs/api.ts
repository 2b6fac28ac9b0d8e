import { runEntry } from '../run-child.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: "run the merchants' HTTP API",
  usage: `Usage: ./interlock api

Runs the API in the foreground, with its settings from the environment (config/env.ts lists them:
DATABASE_URL, TEMPORAL_ADDRESS, API_HOST, API_PORT, ...).`,
  run: (argv) => runEntry('api/main.ts', argv),
};

export default verb;
