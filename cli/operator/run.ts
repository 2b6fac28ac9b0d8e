/**
 * What `./interlock operator` does: reads the words on the command line, sends them through the API as any
 * operator's program could, and says what came of it. Only `add` and `revoke` touch Postgres: they make and
 * end the keys that the API asks for.
 */
import { loadConfig } from '../../config/env.ts';
import { openDb } from '../../db/client.ts';
import { UserError } from '../install.mjs';
import { readRunningStack, stackEnvironment } from '../stack/stack-file.ts';
import { UsageError } from '../verb.ts';
import { connectDesk, type Desk, Refused, type Reply } from './desk.ts';
import { addOperator, revokeOperator } from './keys.ts';
import { type OperatorOptions, type Order, parseOrder } from './order.ts';
import {
  operationsIn,
  sayApproved,
  sayCommanded,
  sayEverything,
  sayExceptions,
  sayOperation,
  sayProposed,
} from './words.ts';

type Env = Record<string, string | undefined>;

interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** Resolves to the exit code: 1 where the API refused. */
export async function runOperator(argv: string[], env: Env, terminal: Terminal): Promise<number> {
  const order = parseOrder(argv);
  const { options } = order;
  try {
    const { body, words } = await carryOut(order, env);
    terminal.out(options.json ? JSON.stringify(body) : words);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    terminal.err(`interlock operator: ${error.message}`);
    if (options.json && error.body !== undefined) terminal.out(JSON.stringify(error.body));
    return 1;
  }
}

interface Told {
  readonly body: unknown;
  readonly words: string;
}

async function carryOut(order: Order, env: Env): Promise<Told> {
  const { what, id, options } = order;
  if (what === 'add' || what === 'revoke') return changeKey(what, id, env);
  const desk = connectDesk(...whereAndWho(options, env));
  switch (what) {
    case 'exceptions': {
      const { body } = await desk.view('exceptions?limit=100');
      return { body, words: sayExceptions(body) };
    }
    case 'show': {
      const { body } = await desk.view(pathOf(id));
      return { body, words: sayEverything(body) };
    }
    case 'retry':
    case 'void':
    case 'cancel':
    case 'move':
    case 'release':
      return command(desk, order);
    case 'resolve':
      return resolve(desk, order);
    case 'approve':
      return approve(desk, order);
  }
}

async function command(desk: Desk, { what, id, options }: Order): Promise<Told> {
  const { reason, account, key } = options;
  const body = { reason, ...(account === undefined ? {} : { account }) };
  const reply: Reply = await desk.command(`${pathOf(id)}/${what}`, body, { key });
  return { body: reply.body, words: sayCommanded(what, reply.httpStatus, reply.body) };
}

async function resolve(desk: Desk, { id, options }: Order): Promise<Told> {
  const operation = options.operation ?? (await theDoubtful(desk, id));
  const body = {
    ...(operation === undefined ? {} : { operation }),
    outcome: options.outcome,
    ...(options['provider-reference'] === undefined
      ? {}
      : { provider_reference: options['provider-reference'] }),
    evidence: options.evidence,
    reason: options.reason,
  };
  // It settles nothing, so there is nothing to wait for.
  const reply = await desk.command(`${pathOf(id)}/resolutions`, body, { key: options.key, waitSeconds: 2 });
  return { body: reply.body, words: sayProposed(reply.body) };
}

async function approve(desk: Desk, { id, options: { reason, key } }: Order): Promise<Told> {
  const { body } = await desk.command(`resolutions/${encodeURIComponent(id)}/approve`, { reason }, { key });
  return { body, words: sayApproved(body) };
}

/** The one operation that may have been sent and isn't proven; an operator need not copy its id. */
async function theDoubtful(desk: Desk, id: string): Promise<string | undefined> {
  const { body } = await desk.view(pathOf(id));
  const open = operationsIn(body).filter(({ closed, status }) => !closed && status !== 'created');
  if (open.length > 1) {
    const list = open.map((each) => `  ${sayOperation(each)}`).join('\n');
    throw new UserError(`${open.length} operations are open; name one with --operation:\n${list}`);
  }
  // Of a refund people may also testify when nothing is open: they paid the payer, or gave it up.
  if (open.length === 0 && id.startsWith('pay_')) {
    throw new UserError(`nothing of ${id} that may have been sent is open; there is nothing to resolve`);
  }
  return open[0]?.id;
}

function pathOf(id: string): string {
  if (id.startsWith('pay_')) return `payments/${encodeURIComponent(id)}`;
  if (id.startsWith('ref_')) return `refunds/${encodeURIComponent(id)}`;
  throw new UsageError(`${id} is neither a payment (pay_...) nor a refund (ref_...)`);
}

/** Which API, and whose key. */
export function whereAndWho(
  options: Pick<OperatorOptions, 'as' | 'api-url'>,
  env: Env,
): [apiUrl: string, key: string] {
  const stack = readRunningStack(env);
  if (options.as !== undefined) {
    const key = stack?.operatorKeys[options.as as 'alice' | 'bob'];
    if (stack === undefined || key === undefined) {
      throw new UsageError(
        '--as takes alice or bob, the operators of the stack that ./interlock up runs here',
      );
    }
    // Their keys are this stack's: they are shown to nobody else.
    return [stack.apiUrl, key];
  }
  const apiUrl = options['api-url'] ?? env.INTERLOCK_API_URL ?? stack?.apiUrl;
  if (!apiUrl)
    throw new UsageError('no stack is running here; name an API with --api-url or INTERLOCK_API_URL');
  const key = env.INTERLOCK_OPERATOR_KEY;
  if (!key)
    throw new UsageError('set INTERLOCK_OPERATOR_KEY to your key, or try --as alice on the embedded stack');
  return [apiUrl, key];
}

async function changeKey(what: 'add' | 'revoke', name: string, env: Env): Promise<Told> {
  const config = loadConfig(stackEnvironment(env));
  const db = openDb(config.databaseUrl, { maxConnections: 1 });
  try {
    if (what === 'add') {
      const { id, key } = await addOperator(db, name, config.keys.digest);
      const words = `${id}  ${key}\nThis key is shown once. Give it to ${name} alone: what is done with it is on record as theirs.`;
      return { body: { id, name, key }, words };
    }
    const id = `opr_${name}`;
    if (!(await revokeOperator(db, name))) throw new UserError(`${name} has no key that works`);
    return { body: { id, name, revoked: true }, words: `${id}: the key is refused within two seconds.` };
  } finally {
    await db.$disconnect();
  }
}
