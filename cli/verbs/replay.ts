import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WorkflowNotFoundError } from '@temporalio/client';
import { z } from 'zod';
import { createDataConverter, createPayloadCodec, type KeyRing } from '../../client/codec/index.ts';
import { connectClient } from '../../client/index.ts';
import { loadConfig } from '../../config/env.ts';
import { paymentWorkflowId } from '../../domain/ids.ts';
import { type History, historyFromJson } from '../replay/history-json.ts';
import { stackEnvironment } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'replay a workflow’s history against today’s workflow code',
  usage: `Usage: ./interlock replay <workflow id | payment id | history file> [--json]

Runs today's workflows/ over what really happened and says whether they still do the same. A workflow id (or
a payment's: its latest generation) is fetched from Temporal; a file is what "temporal workflow show --output
json" or the Web UI's download gives. Payloads are decrypted with the keys of the environment or of the
running stack, or with a codec-keys.json that lies beside the file. Nothing is executed and nothing is sent.

  --json    print one line of JSON: {"workflow":...,"events":N,"deterministic":true}

Exits 1 when the code does something else than the history; the first difference is printed.`,
  run,
};

export default verb;

interface Subject {
  readonly name: string;
  readonly history: History;
  readonly keys: KeyRing;
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [what, ...more] = positionals;
  if (what === undefined || more.length > 0)
    throw new UsageError('name one workflow, payment or history file');
  const subject = existsSync(what) ? fromFile(what) : await fromTemporal(what);
  const mismatch = await replay(subject);
  const events = subject.history.events?.length ?? 0;
  if (values.json) {
    const deterministic = mismatch === undefined;
    const said = { workflow: subject.name, events, deterministic, ...(deterministic ? {} : { mismatch }) };
    console.log(JSON.stringify(said));
  } else if (mismatch === undefined) {
    console.log(`✓ ${subject.name}: today's code does the same, over all ${events} events.`);
  } else {
    console.log(`✗ ${subject.name}: today's code does something else.\n${mismatch}`);
  }
  return mismatch === undefined ? 0 : 1;
}

/** What differs, or undefined. */
async function replay({ name, history, keys }: Subject): Promise<string | undefined> {
  const { DefaultLogger, Runtime, Worker } = await import('@temporalio/worker');
  // What goes wrong is said once, by us.
  const logging = { filter: 'off', forward: {} };
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), telemetryOptions: { logging } });
  try {
    await Worker.runReplayHistory(
      {
        workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
        interceptors: {
          workflowModules: [fileURLToPath(new URL('../../workflows/tracing.ts', import.meta.url))],
        },
        // Without the failure converter, which would encrypt the very message that is to be read here.
        dataConverter: { payloadCodecs: [createPayloadCodec(keys)] },
      },
      history,
      name,
    );
    return undefined;
  } catch (error) {
    // Not being able to read the history is no judgement on the code.
    if (!(error instanceof Error) || error.message.includes('payload codec:')) throw error;
    if (error.name === 'DeterminismViolationError' || error.name === 'ReplayError')
      return firstLine(error.message);
    throw error;
  }
}

/** The SDK puts the failure's whole structure into one message; its own words come first. */
function firstLine(message: string): string {
  return /message: "([^"\\]+)/.exec(message)?.[1] ?? message;
}

function fromFile(path: string): Subject {
  const keysPath = join(dirname(path), 'codec-keys.json');
  const keys = existsSync(keysPath)
    ? readKeys(keysPath)
    : loadConfig(stackEnvironment(process.env)).keys.codec;
  return { name: path, history: historyFromJson(JSON.parse(readFileSync(path, 'utf8'))), keys };
}

function readKeys(path: string): KeyRing {
  const schema = z.object({ activeId: z.string(), keys: z.record(z.string(), z.string()) });
  const { activeId, keys } = schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  const read = Object.entries(keys).map(([id, key]) => [id, Buffer.from(key, 'base64')] as const);
  return { activeId, keys: Object.fromEntries(read) };
}

async function fromTemporal(what: string): Promise<Subject> {
  const { temporal, keys } = loadConfig(stackEnvironment(process.env));
  const client = await connectClient(temporal, createDataConverter(keys.codec));
  const fetch = async (id: string): Promise<History | undefined> => {
    const handle = client.workflow.getHandle(id);
    try {
      await handle.describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
    return handle.fetchHistory();
  };
  try {
    let found: Subject | undefined;
    // Generations follow each other without gaps, so the first one missing ends the search.
    for (let generation = 1; ; generation += 1) {
      const name = what.startsWith('pay_') ? paymentWorkflowId(what, generation) : what;
      const history = await fetch(name);
      if (history !== undefined) found = { name, history, keys: keys.codec };
      if (history === undefined || name === what) break;
    }
    if (found === undefined) throw new UsageError(`neither a file nor a workflow in Temporal: ${what}`);
    return found;
  } finally {
    await client.connection.close();
  }
}
