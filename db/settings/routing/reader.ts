import type { StoredMerchantRouting } from '../../../domain/routing/assemble.ts';
import type { Circuit } from '../../../domain/routing/book.ts';
import type { Catalogue } from '../../../domain/routing/catalogue/index.ts';
import type { ComparisonSample } from '../../../domain/routing/comparison.ts';
import type { WindowRow } from '../../../domain/routing/learning/index.ts';
import type { Db } from '../../client.ts';
import { loadRounds, type RoutedRound } from '../../explanations.ts';
import { readCatalogue } from '../../routing/catalogue.ts';
import { loadMerchantRouting } from '../../routing/load.ts';
import { readWindows } from '../../routing/windows.ts';
import type { PolicyOwner } from './row.ts';

/** What decisions rest on, for whoever asks what would be decided, or how an account does. */
export interface RoutingReader {
  /** Undefined for a merchant that isn't there. */
  stored(owner: PolicyOwner): Promise<StoredMerchantRouting | undefined>;
  /** By account; those that never failed have none. */
  circuits(accountIds: readonly string[]): Promise<ReadonlyMap<string, StoredCircuit>>;
  windows(accountIds: readonly string[], sinceMs: number): Promise<readonly WindowRow[]>;
  /** Of a version: as the one that decided, and as the one that was held against it. */
  comparisons(owner: PolicyOwner, version: number): Promise<readonly StoredComparison[]>;
  /** How a payment was decided, the first round first. */
  rounds(paymentId: string): Promise<readonly RoutedRound[]>;
  catalogue(id: string): Promise<Catalogue | undefined>;
}

export interface StoredCircuit extends Circuit {
  readonly consecutiveFailures: number;
  readonly openedAtMs?: number;
  readonly probeAfterMs?: number;
}

export interface StoredComparison {
  readonly decidedBy: number;
  readonly compared: number;
  readonly evaluated: number;
  readonly differed: number;
  readonly firstDiffered: number;
  readonly orderDiffered: number;
  readonly requirementsDiffered: number;
  readonly samples: readonly ComparisonSample[];
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export function createRoutingReader(db: Db): RoutingReader {
  return {
    stored: ({ merchantId, mode }) => loadMerchantRouting(db, merchantId, mode),
    async circuits(accountIds) {
      const rows = await db.circuit.findMany({ where: { accountId: { in: [...accountIds] } } });
      const nowMs = Date.now();
      return new Map(
        rows.map((row) => [
          row.accountId,
          {
            // Its column takes nothing else: db/circuits.ts writes it.
            state: row.state as Circuit['state'],
            probeDue: row.probeAfter !== null && row.probeAfter.getTime() <= nowMs,
            consecutiveFailures: row.consecutiveFailures,
            ...(row.openedAt === null ? {} : { openedAtMs: row.openedAt.getTime() }),
            ...(row.probeAfter === null ? {} : { probeAfterMs: row.probeAfter.getTime() }),
          },
        ]),
      );
    },
    windows: async (accountIds, sinceMs) => (await readWindows(db, { sinceMs, accountIds })).rows,
    async comparisons({ merchantId, mode }, version) {
      const rows = await db.routingComparison.findMany({
        where: { merchantId, mode, OR: [{ compared: version }, { decidedBy: version }] },
        orderBy: [{ lastAt: 'desc' }, { decidedBy: 'asc' }, { compared: 'asc' }],
      });
      return rows.map((row) => ({
        decidedBy: row.decidedBy,
        compared: row.compared,
        evaluated: Number(row.evaluated),
        differed: Number(row.differed),
        firstDiffered: Number(row.firstDiffered),
        orderDiffered: Number(row.orderDiffered),
        requirementsDiffered: Number(row.requirementsDiffered),
        // Written by db/routing/comparisons.ts alone, from values of the type.
        samples: row.samples as unknown as readonly ComparisonSample[],
        firstAtMs: row.firstAt.getTime(),
        lastAtMs: row.lastAt.getTime(),
      }));
    },
    rounds: (paymentId) => loadRounds(db, paymentId),
    catalogue: (id) => readCatalogue(db, id),
  };
}
