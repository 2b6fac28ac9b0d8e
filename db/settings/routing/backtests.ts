import type { PolicyDocument } from '../../../domain/routing/policy/index.ts';
import type { Db } from '../../client.ts';
import { doOnce, type KeptOnce, type Transaction } from '../../requests/once.ts';
import { type Backtest, cancelBacktest, findBacktest, listBacktests } from '../../routing/backtests.ts';
import { countPast } from '../../routing/past.ts';
import type { PolicyOrder } from './policies.ts';
import type { PolicyOwner } from './row.ts';

/** What a merchant may ask of the past. Its rows are read on by workers (db/routing/backtests.ts). */
export interface BacktestRegister {
  start(order: Omit<PolicyOrder, 'reason'>, asked: AskedBacktest): Promise<KeptOnce>;
  /** Undefined for one that is another's. */
  find(owner: PolicyOwner, id: string): Promise<Backtest | undefined>;
  /** Newest first, one more than the limit where there are more. */
  list(owner: PolicyOwner, page: BacktestFilter): Promise<readonly Backtest[]>;
  /** Undefined where there is none; as it stands afterwards, which is unchanged where it had ended. */
  cancel(owner: PolicyOwner, id: string): Promise<Backtest | undefined>;
}

export interface BacktestFilter {
  readonly limit: number;
  readonly startingAfter?: string;
}

export interface AskedBacktest {
  readonly id: string;
  /** Absent for a text that was never saved. */
  readonly policyVersion?: number;
  readonly source: string;
  readonly document: PolicyDocument;
  readonly platformVersion: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Throws: as many are running as may. */
  refuse(): never;
}

/** Of one merchant and mode: each of them keeps a worker busy for minutes. */
export const RUNNING_AT_MOST = 2;

export function createBacktestRegister(db: Db): BacktestRegister {
  const find: BacktestRegister['find'] = async ({ merchantId, mode }, id) => {
    const found = await findBacktest(db, id);
    return found?.merchantId === merchantId && found.mode === mode ? found : undefined;
  };
  return {
    find,
    list: (owner, page) => listBacktests(db, owner, page),
    async cancel(owner, id) {
      if ((await find(owner, id)) === undefined) return undefined;
      await cancelBacktest(db, id);
      return findBacktest(db, id);
    },
    async start({ owner, requester, request, actor }, asked) {
      const { id, policyVersion = null, source, document, platformVersion, fromMs, toMs } = asked;
      const total = await countPast(db, { ...owner, fromMs, toMs });
      const begin = async (tx: Transaction) => {
        const running = await tx.routingBacktest.count({ where: { ...owner, status: 'running' } });
        if (running >= RUNNING_AT_MOST) asked.refuse();
        await tx.routingBacktest.create({
          data: {
            ...owner,
            id,
            policyVersion,
            source,
            document: document as object,
            platformVersion,
            fromAt: new Date(fromMs),
            toAt: new Date(toMs),
            total,
            actor,
          },
        });
        // Without a body: whoever repeats the request is told how far it is by now.
        return { subjectId: id, answer: { status: 202 } };
      };
      return doOnce(db, requester, request, begin, `routing_backtest/${owner.mode}/${owner.merchantId}`);
    },
  };
}
