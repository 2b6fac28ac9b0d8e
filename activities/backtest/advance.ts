import { heartbeat } from '@temporalio/activity';
import {
  type BacktestWork,
  completeBacktest,
  failBacktest,
  keepProgress,
  readBacktestWork,
} from '../../db/routing/backtests.ts';
import { findPolicy, PLATFORM, readCatalogue } from '../../db/routing/index.ts';
import { type PastCursor, type PastRow, pastPayments } from '../../db/routing/past.ts';
import { AssertionFailure, assert } from '../../domain/machine.ts';
import { countPayment, emptyTally, judgePayment, resultOf } from '../../domain/routing/backtest/index.ts';
import type { Catalogue } from '../../domain/routing/catalogue/index.ts';
import { type CompiledPolicy, compilePolicy } from '../../domain/routing/policy/index.ts';
import type { Dependencies } from '../dependencies.ts';

/** Payments in one read: some megabytes of inputs, which is all that is in memory. */
const PAGE = 500;
/** Others have to be answered meanwhile. By the clock and not by payments: what one costs is its policy's to say. */
const SLICE_MS = 10;

export interface BacktestOrder {
  readonly backtestId: string;
  /** Pages of one call; what is longer goes on in the next, so that no call outlives its time. */
  readonly pages: number;
}

export type BacktestProgress =
  | {
      readonly type: 'more' | 'completed';
      readonly read: number;
      readonly total: number;
      /** The total is a bound; absent: it is known. */
      readonly isTotalAtLeast?: true;
    }
  /** Canceled, or ended by another: nothing more is to be done. */
  | { readonly type: 'ended' };

/**
 * Reads on from where the row says that it stands, and writes after each page how far it is together with what was
 * counted. So a worker may be killed at any moment: its successor repeats one page at most, and counts none twice.
 */
export function createAdvanceBacktest(deps: Pick<Dependencies, 'db'>, tell: Tell = heartbeat) {
  return async function advanceBacktest(order: BacktestOrder): Promise<BacktestProgress> {
    const work = await readBacktestWork(deps.db, order.backtestId);
    if (work === undefined || work.backtest.status !== 'running') return { type: 'ended' };
    try {
      return await advance(deps, work, order.pages, tell);
    } catch (error) {
      // A document that the code of today can't evaluate: trying again helps nobody, and somebody waits for the answer.
      if (!(error instanceof AssertionFailure)) throw error;
      await failBacktest(deps.db, order.backtestId, error.message);
      return { type: 'ended' };
    }
  };
}

type Tell = (progress: { readonly read: number; readonly cursor: PastCursor }) => void;

async function advance(
  deps: Pick<Dependencies, 'db'>,
  work: BacktestWork,
  pages: number,
  tell: Tell,
): Promise<BacktestProgress> {
  const { db } = deps;
  const { backtest } = work;
  const { id } = backtest;
  const judging = { policy: await policyOf(deps, work), catalogues: new Catalogues(deps) };
  const tally = work.tally ?? emptyTally();
  let { read } = backtest;
  let cursor = work.cursor;
  for (let page = 0; page < pages; page += 1) {
    const rows = await pastPayments(db, backtest, cursor, PAGE);
    const last = rows.at(-1);
    if (last === undefined) {
      await completeBacktest(db, id, read, resultOf(tally));
      return { type: 'completed', read, total: read };
    }
    await judgeAll(rows, { ...judging, tally });
    cursor = { createdAtMs: last.createdAtMs, id: last.id };
    const before = read;
    read += rows.length;
    if (!(await keepProgress(db, id, before, { read, cursor, tally }))) return { type: 'ended' };
    tell({ read, cursor });
  }
  const atLeast = backtest.isTotalAtLeast ? ({ isTotalAtLeast: true } as const) : {};
  return { type: 'more', read, total: Math.max(backtest.total, read), ...atLeast };
}

/** What the workers' event loop is given back between slices: they have payments to look after. */
const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Judging {
  readonly policy: CompiledPolicy;
  readonly catalogues: Catalogues;
  readonly tally: ReturnType<typeof emptyTally>;
}

async function judgeAll(rows: readonly PastRow[], { policy, catalogues, tally }: Judging): Promise<void> {
  let pausedAtMs = performance.now();
  for (const row of rows) {
    const catalogue = row.inputs === undefined ? undefined : await catalogues.named(row.inputs.catalogueId);
    countPayment(tally, judgePayment(policy, catalogue, row, row.requirements));
    if (performance.now() - pausedAtMs < SLICE_MS) continue;
    await pause();
    pausedAtMs = performance.now();
  }
}

async function policyOf(
  { db }: Pick<Dependencies, 'db'>,
  { backtest, document, platformVersion }: BacktestWork,
): Promise<CompiledPolicy> {
  const platform = await findPolicy(db, PLATFORM, backtest.mode, platformVersion);
  assert(platform !== undefined, 'the platform’s policy that it inherits from is gone');
  return compilePolicy(document, platform.document);
}

/** A merchant's catalogue changes seldom, and pages come in order of time: a few are enough. */
const KEPT_CATALOGUES = 8;

class Catalogues {
  readonly #deps: Pick<Dependencies, 'db'>;
  readonly #kept = new Map<string, Catalogue | undefined>();

  constructor(deps: Pick<Dependencies, 'db'>) {
    this.#deps = deps;
  }

  async named(id: string): Promise<Catalogue | undefined> {
    if (this.#kept.has(id)) return this.#kept.get(id);
    const catalogue = await readCatalogue(this.#deps.db, id);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT_CATALOGUES && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(id, catalogue);
    return catalogue;
  }
}
