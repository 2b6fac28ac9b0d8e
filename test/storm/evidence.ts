/** Gathers what a storm left behind, once it is quiet. Judging is the checker's. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { type History, historyToJson } from '../../cli/replay/history-json.ts';
import { createPayloadCodec } from '../../client/codec/index.ts';
import { loadConfig } from '../../config/env.ts';
import type {
  FinalRead,
  JournalLine,
  MerchantLine,
  ProviderName,
  Row,
  TableName,
  WorkflowEvidence,
} from './evidence-types.ts';
import { TABLES } from './evidence-types.ts';
import type { Rig } from './rig/rig.ts';
import { environmentOf } from './rig/settings.ts';

const AT_ONCE = 8;

/** Arrivals and effects of whole transactions: what a crash cut in two never happened. */
export function readJournal(rig: Rig, provider: ProviderName): JournalLine[] {
  const lines: JournalLine[] = [];
  let transaction: JournalLine[] = [];
  for (const text of readFileSync(rig.journalPath(provider), 'utf8').split('\n')) {
    if (text === '') continue;
    let line: JournalLine;
    try {
      line = JSON.parse(text) as JournalLine;
    } catch {
      break;
    }
    transaction.push(line);
    if (line.seq !== line.tx) continue;
    lines.push(...transaction.filter(({ kind }) => kind === 'arrival' || kind === 'effect'));
    transaction = [];
  }
  return lines;
}

export async function readTables(rig: Rig): Promise<Record<TableName, readonly Row[]>> {
  const tables = {} as Record<TableName, readonly Row[]>;
  for (const name of TABLES) {
    const [there] = await rig.sql<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [name]);
    tables[name] = there?.there === true ? await rig.sql<Row>(`SELECT * FROM ${name}`) : [];
  }
  return tables;
}

/** Everything that the merchant has ever been told the id of. */
export function knownPaths(lines: readonly MerchantLine[]): string[] {
  const paths = new Set<string>();
  for (const line of lines) {
    if (line.kind !== 'answer') continue;
    const body = line.body as { id?: unknown; error?: { payment?: { id?: unknown } } } | undefined;
    for (const id of [body?.id, body?.error?.payment?.id]) {
      if (typeof id !== 'string') continue;
      if (id.startsWith('pay_')) paths.add(`/v1/payments/${id}`);
      if (id.startsWith('ref_')) paths.add(`/v1/refunds/${id}`);
    }
  }
  return [...paths];
}

export async function readFinally(rig: Rig, lines: readonly MerchantLine[]): Promise<FinalRead[]> {
  return inParallel(knownPaths(lines), async (path, index) => {
    const response = await fetch(`${rig.apiUrls[index % rig.apiUrls.length]}${path}`, {
      headers: { authorization: `Bearer ${rig.apiKey}` },
      signal: AbortSignal.timeout(30_000),
    });
    return { path, status: response.status, body: await response.json() };
  });
}

interface Fetched extends Omit<WorkflowEvidence, 'replayError' | 'history' | 'events'> {
  readonly fetched: History;
}

/** Every run of every workflow, with its history replayed against the code that the storm ran. */
export async function replayWorkflows(rig: Rig): Promise<WorkflowEvidence[]> {
  const runs = [];
  for await (const { workflowId, runId, type, status } of rig.temporal.workflow.list({ pageSize: 1_000 }))
    runs.push({ workflowId, runId, type, status: status.name as string });
  const fetched = await inParallel(runs, async (run): Promise<Fetched> => {
    const handle = rig.temporal.workflow.getHandle(run.workflowId, run.runId);
    const failing = run.status === 'RUNNING' ? await failingTask(rig, run) : undefined;
    return {
      ...run,
      fetched: await handle.fetchHistory(),
      ...(failing === undefined ? {} : { pendingTaskFailure: failing }),
    };
  });
  const errors = await replayErrors(rig, fetched);
  for (const [index, { workflowId, runId, status, fetched: history }] of fetched.entries()) {
    if (status === 'RUNNING' || errors.has(String(index)))
      keepHistory(rig, `${workflowId}-${runId}`, history);
  }
  return fetched.map(({ fetched: history, ...run }, index) => {
    const replayError = errors.get(String(index));
    const events = history.events?.length ?? 0;
    return { ...run, events, ...(replayError === undefined ? {} : { replayError, history }) };
  });
}

/** As `./interlock replay` takes it; the keys of the storm's codec lie beside, and open nothing else. */
function keepHistory(rig: Rig, name: string, history: History): void {
  const folder = join(rig.dataDir, 'histories');
  mkdirSync(folder, { recursive: true });
  const [activeId = '', key] = rig.secrets.codecKeys.split(':');
  writeFileSync(join(folder, 'codec-keys.json'), JSON.stringify({ activeId, keys: { [activeId]: key } }));
  const path = join(folder, `${name.replaceAll('/', '_')}.json`);
  writeFileSync(path, JSON.stringify(historyToJson(history)));
}

/** A workflow task that fails is tried again for ever; the server says how often it has been. */
async function failingTask(
  rig: Rig,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<string | undefined> {
  const { raw } = await rig.temporal.workflow.getHandle(workflowId, runId).describe();
  const attempt = raw.pendingWorkflowTask?.attempt ?? 0;
  return attempt > 1 ? `its workflow task is being tried for the ${attempt}th time` : undefined;
}

async function replayErrors(rig: Rig, fetched: readonly Fetched[]): Promise<ReadonlyMap<string, string>> {
  const { ports, secrets, pace, dataDir, tree } = rig;
  const parts = { ports, secrets, pace, dataDir, bundlePath: tree.bundlePath };
  const { keys } = loadConfig(environmentOf('worker', parts));
  const options = {
    workflowBundle: { codePath: tree.bundlePath },
    // Without the failure converter, which would encrypt the very message that is to be read.
    dataConverter: { payloadCodecs: [createPayloadCodec(keys.codec)] },
  };
  const errors = new Map<string, string>();
  const histories = fetched.map(({ fetched: history }, index) => ({ workflowId: String(index), history }));
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    if (error !== undefined) errors.set(workflowId, error.message);
  }
  return errors;
}

async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
