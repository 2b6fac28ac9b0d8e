import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '../../config/env.ts';
import { type Db, openDb } from '../../db/client.ts';
import { createStoryReader } from '../../db/read/index.ts';
import { loadDossier, toJson } from '../payment/load.ts';
import { renderDossier } from '../payment/render.ts';
import { renderStory } from '../payment/story.ts';
import { stackEnvironment } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'tell what happened to a payment, as one timeline',
  usage: `Usage: ./interlock payment show <payment id> [--technical | --sections | --json]

Tells the story that the console tells: what became of the payment and why, then everything that happened, oldest first
(requests, routing, attempts, authentication, captures, refunds, webhooks in and out, settlement, ledger, what people
did), and what may be done now. It reads Postgres, not Temporal, so it works while Temporal is down.

  --technical  permits, events and other entries that the story can be followed without, too
  --sections   by kind instead of by time: every attempt with its operations and permits, postings, audit rows
  --json       print all of these sections as one line of JSON

It uses DATABASE_URL and the other settings of the environment, or those of the stack that is running.`,
  run,
};

export default verb;

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      sections: { type: 'boolean', default: false },
      technical: { type: 'boolean', default: false },
    },
  });
  const [what, paymentId, ...more] = positionals;
  if (what !== 'show' || paymentId === undefined || more.length > 0) {
    throw new UsageError('say: payment show <payment id>');
  }
  const config = loadConfig(stackEnvironment(process.env));
  const db = openDb(config.databaseUrl, { maxConnections: 2 });
  try {
    const told =
      values.json || values.sections
        ? await dossierOf(db, paymentId, config, values.json)
        : await storyOf(db, paymentId, config, values.technical);
    if (told === undefined) {
      console.error(`There is no payment ${paymentId}.`);
      return 1;
    }
    console.log(told);
    return 0;
  } finally {
    await db.$disconnect();
  }
}

async function dossierOf(db: Db, paymentId: string, config: Config, json: boolean) {
  const dossier = await loadDossier(db, paymentId, config.temporal);
  if (dossier === undefined) return undefined;
  return json ? toJson(dossier) : renderDossier(dossier);
}

async function storyOf(db: Db, paymentId: string, config: Config, technical: boolean) {
  const material = await createStoryReader(db).read(paymentId);
  if (material === undefined) return undefined;
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return renderStory(material, { ...config, technical, colour }, Date.now());
}
