import { parseArgs } from 'node:util';
import { loadConfig } from '../../config/env.ts';
import { openDb } from '../../db/client.ts';
import { loadDossier, toJson } from '../payment/load.ts';
import { renderDossier } from '../payment/render.ts';
import { stackEnvironment } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'show all that is known of a payment: attempts, permits, postings, audit',
  usage: `Usage: ./interlock payment show <payment id> [--json]

Reads Postgres (not Temporal, so it works while Temporal is down): status and amounts, every attempt with its
operations and their permits, the ledger's postings, the audit chain (verified), webhooks, exceptions, and the
id of the workflow with a link to Temporal's Web UI.

  --json    print everything as one line of JSON

It uses DATABASE_URL and the other settings of the environment, or those of the stack that is running.`,
  run,
};

export default verb;

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [what, paymentId, ...more] = positionals;
  if (what !== 'show' || paymentId === undefined || more.length > 0) {
    throw new UsageError('say: payment show <payment id>');
  }
  const config = loadConfig(stackEnvironment(process.env));
  const db = openDb(config.databaseUrl, { maxConnections: 2 });
  try {
    const dossier = await loadDossier(db, paymentId, config.temporal);
    if (dossier === undefined) {
      console.error(`There is no payment ${paymentId}.`);
      return 1;
    }
    console.log(values.json ? toJson(dossier) : renderDossier(dossier));
    return 0;
  } finally {
    await db.$disconnect();
  }
}
