/**
 * What `./interlock reconcile` does: hands a file in, runs a day and follows it, or reads a report. The day itself is
 * a workflow; whoever runs this command may leave at any time.
 */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectDoor, type ReconciliationsDoor } from '../../client/index.ts';
import { loadConfig } from '../../config/env.ts';
import { type Db, openDb } from '../../db/client.ts';
import { createSettlementReader } from '../../db/read/index.ts';
import { reconciledAccount } from '../../db/reconciliation/accounts.ts';
import { receiveFile } from '../../db/reconciliation/index.ts';
import { dateAt, dayBefore } from '../../domain/reconciliation/day.ts';
import { HEAD_BYTES, problemOfHead } from '../../providers/settlement/probe.ts';
import { settlementNames } from '../../providers/settlement/registry.ts';
import { UserError } from '../install.mjs';
import { stackEnvironment } from '../stack/stack-file.ts';
import { parseOrder, type ReconcileOrder } from './options.ts';
import { listDays, type StoredRun, sayReport } from './words.ts';

type Env = Record<string, string | undefined>;

export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** Resolves to the exit code: 1 where the day ends blocked, 2 where a file is none of its format. */
export async function runReconcile(argv: string[], env: Env, terminal: Terminal): Promise<number> {
  const order = parseOrder(argv, settlementNames());
  const config = loadConfig(stackEnvironment(env));
  const db = openDb(config.databaseUrl, { maxConnections: 2 });
  try {
    if (order.what === 'report') return await report(order, db, terminal);
    const connection = await connectDoor(config, db);
    try {
      return await run(order, { db, door: connection.reconciliations }, terminal);
    } finally {
      await connection.close();
    }
  } finally {
    await db.$disconnect();
  }
}

async function report(
  { account, date, json }: Extract<ReconcileOrder, { what: 'report' }>,
  db: Db,
  terminal: Terminal,
): Promise<number> {
  const reader = createSettlementReader(db);
  if (account !== undefined && date !== undefined) {
    const found = await reader.run(account, date);
    if (found === undefined) throw new UserError(`${account} has no reconciliation of ${date}`);
    return say(found, json, terminal);
  }
  const page = await reader.runs({
    limit: account === undefined ? 50 : 1,
    ...(account === undefined ? {} : { accountId: account }),
  });
  const runs = page.type === 'page' ? page.rows : [];
  const [latest] = runs;
  if (account !== undefined) {
    if (latest === undefined) throw new UserError(`no day of ${account} was reconciled yet`);
    return say(latest, json, terminal);
  }
  terminal.out(json ? JSON.stringify(runs) : listDays(runs));
  return 0;
}

async function run(
  order: Extract<ReconcileOrder, { what: 'run' }>,
  { db, door }: { readonly db: Db; readonly door: ReconciliationsDoor },
  terminal: Terminal,
): Promise<number> {
  const account = await reconciledAccount(db, order.account);
  if (account === undefined) throw new UserError(`there is no provider account ${order.account}`);
  const date = order.date ?? dayBefore(dateAt(Date.now(), account.timeZone));
  if (order.file !== undefined) {
    const taken = await handIn(db, { ...order.file, accountId: account.id, date }, terminal);
    if (!taken) return 2;
  }
  const workflowId = await door.run(account.id, date);
  terminal.err(`${workflowId} runs`);
  await follow(door, account.id, date, terminal);
  const found = await createSettlementReader(db).run(account.id, date);
  if (found === undefined) throw new UserError(`${workflowId} has ended and left no run`);
  return say(found, order.json, terminal);
}

function say(found: StoredRun, json: boolean, terminal: Terminal): number {
  terminal.out(json ? JSON.stringify(found) : sayReport(found));
  return found.status === 'blocked' ? 1 : 0;
}

interface HandedIn {
  readonly path: string;
  readonly format: string;
  readonly accountId: string;
  readonly date: string;
}

/** False: the file is none of its format, and was not stored. */
async function handIn(
  db: Db,
  { path, format, accountId, date }: HandedIn,
  terminal: Terminal,
): Promise<boolean> {
  const head = await headOf(path);
  const problem = await problemOfHead(format, head, head.byteLength <= HEAD_BYTES);
  if (problem !== undefined) {
    const place = problem.line === undefined ? '' : `${problem.line}: `;
    terminal.err(`interlock reconcile: ${path}:${place}${problem.message} (${problem.code})`);
    return false;
  }
  const arrival = {
    accountId,
    businessDate: date,
    format,
    source: 'uploaded' as const,
    name: basename(path),
  };
  const { type, file } = await receiveFile(db, arrival, createReadStream(path));
  terminal.err(
    type === 'received'
      ? `${file.id}: ${file.sizeBytes} bytes stored`
      : `${file.id}: these bytes are stored already, for ${file.businessDate}`,
  );
  return true;
}

/** One byte more than is looked at says that the file goes on. */
async function headOf(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(path, { end: HEAD_BYTES })) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new UserError(`${path} cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  return Buffer.concat(chunks);
}

const LOOK_MS = 400;

/** Says what each step has said, until the day's workflow ends. */
async function follow(
  door: ReconciliationsDoor,
  accountId: string,
  date: string,
  terminal: Terminal,
): Promise<void> {
  let ended = false;
  const result = door.result(accountId, date).finally(() => {
    ended = true;
  });
  result.catch(() => undefined);
  const said = new Set<string>();
  let doing = '';
  const look = async () => {
    // Whoever answers a query is a worker; one that is away for a moment only delays the words.
    const progress = await door.progress(accountId, date).catch(() => undefined);
    for (const line of progress?.done ?? []) if (!said.has(line)) terminal.err(`  ${line}`);
    for (const line of progress?.done ?? []) said.add(line);
    return progress;
  };
  while (!ended) {
    const progress = await look();
    if (progress !== undefined && progress.step !== doing && progress.step.startsWith('wait'))
      terminal.err(`  ${progress.step}`);
    doing = progress?.step ?? doing;
    await Promise.race([delay(LOOK_MS), result.catch(() => undefined)]);
  }
  await result;
  // Steps that ended after the last look are said too.
  await look();
}
