/**
 * One business day in a process of its own, by the very activities that a worker runs, one after another and without a
 * Temporal server: what they take, and how much memory. Its first argument is a DayJob, its last line a DayResult.
 */

import { randomBytes } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from '../../activities/dependencies.ts';
import { createBeginReconciliation } from '../../activities/reconciliation/begin.ts';
import { createRefreshBookings } from '../../activities/reconciliation/bookings.ts';
import { createBringSettlementNews } from '../../activities/reconciliation/bring-news.ts';
import { createClassifySettlements, createPostBankLines } from '../../activities/reconciliation/classify.ts';
import { createCloseReconciliation } from '../../activities/reconciliation/close.ts';
import { createPostSettlements } from '../../activities/reconciliation/post.ts';
import { createStageSettlements } from '../../activities/reconciliation/stage.ts';
import { createVerifySettlements } from '../../activities/reconciliation/verify.ts';
import { openDb } from '../../db/client.ts';
import { openCopyPool, receiveFile } from '../../db/reconciliation/index.ts';
import { idleBook } from '../../test/support/routing-book.ts';
import { createVault } from '../../vault/index.ts';
import { createProviders } from '../../worker/providers.ts';

export interface DayJob {
  readonly databaseUrl: string;
  readonly accountId: string;
  readonly businessDate: string;
  readonly files: readonly { readonly path: string; readonly format: string }[];
}

export const STEPS = [
  'receive',
  'verify',
  'bookings',
  'stage',
  'classify',
  'post',
  'bank',
  'news',
  'report',
] as const;
export type Step = (typeof STEPS)[number];

export interface DayResult {
  readonly ms: Readonly<Record<Step, number>>;
  readonly said: Readonly<Partial<Record<Step, string>>>;
  /** The most that was resident at any time, and before the first step. */
  readonly peakBytes: number;
  readonly idleBytes: number;
}

const KEY_BYTES = 32;

async function main({ databaseUrl, files, accountId, businessDate }: DayJob): Promise<DayResult> {
  const db = openDb(databaseUrl);
  const copyPool = openCopyPool(databaseUrl);
  const ring = { activeId: '1', keys: { '1': randomBytes(KEY_BYTES) } };
  const deps: Dependencies = {
    db,
    copyPool,
    vault: createVault({ keys: ring, digestKey: randomBytes(KEY_BYTES) }),
    // Letters are written; nobody lives here who would read them.
    door: { news: async () => 'nothing_new' },
    providers: createProviders(() => undefined),
    routing: idleBook(),
    settings: { timeScale: 1, providerDeadlineMs: 10_000 },
  };
  const day = { accountId, businessDate };
  const run = <R>(activity: (day: { accountId: string; businessDate: string }) => Promise<R>): Promise<R> =>
    new MockActivityEnvironment().run(activity, day);
  const receive = async () => {
    for (const { path, format } of files) {
      const arrival = { ...day, format, source: 'uploaded' as const, name: basename(path) };
      await receiveFile(db, arrival, createReadStream(path, { highWaterMark: 1_048_576 }));
    }
    return undefined;
  };
  const steps: Readonly<Record<Step, () => Promise<{ readonly said: string } | undefined>>> = {
    receive,
    verify: () => run(createVerifySettlements(deps)),
    bookings: () => run(createRefreshBookings(deps)),
    stage: () => run(createStageSettlements(deps)),
    classify: () => run(createClassifySettlements(deps)),
    post: () => run(createPostSettlements(deps)),
    bank: () => run(createPostBankLines(deps)),
    news: () => run(createBringSettlementNews(deps)),
    report: () => run(createCloseReconciliation(deps)),
  };
  await run(createBeginReconciliation(deps));
  const idleBytes = residentBytes('VmRSS');
  const ms: Partial<Record<Step, number>> = {};
  const said: Partial<Record<Step, string>> = {};
  for (const step of STEPS) {
    const startedMs = performance.now();
    const answer = await steps[step]();
    ms[step] = performance.now() - startedMs;
    if (answer !== undefined) said[step] = answer.said;
  }
  const peakBytes = residentBytes('VmHWM');
  await Promise.all([db.$disconnect(), copyPool.end()]);
  return { ms: ms as Record<Step, number>, said, peakBytes, idleBytes };
}

function residentBytes(field: 'VmHWM' | 'VmRSS'): number {
  const [, kib] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kib) * 1_024;
}

const [, , argument] = process.argv;
if (argument !== undefined && import.meta.url.endsWith(basename(process.argv[1] ?? ''))) {
  const result = await main(JSON.parse(argument) as DayJob);
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
