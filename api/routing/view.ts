import type { PolicyOwner, RoutingReader, StoredCircuit } from '../../db/settings/index.ts';
import type { Mode } from '../../domain/ids.ts';
import {
  assembleRouting,
  type RoutingNumbers,
  type StoredMerchantRouting,
} from '../../domain/routing/assemble.ts';
import type { MerchantRouting } from '../../domain/routing/book.ts';
import { createWindows, DEFAULT_WINDOWS, type WindowRow } from '../../domain/routing/learning/index.ts';

/** What a worker would decide by now, read afresh: the API has no book of its own to keep warm. */
export interface RoutingView {
  readonly stored: StoredMerchantRouting;
  readonly routing: MerchantRouting;
  readonly numbers: RoutingNumbers;
  readonly rows: readonly WindowRow[];
  readonly circuits: ReadonlyMap<string, StoredCircuit>;
  readonly atMs: number;
}

export function nameOfView({ merchantId, mode }: PolicyOwner): string {
  return `${mode}/${merchantId}`;
}

export async function readRoutingView(name: string, reader: RoutingReader): Promise<RoutingView | undefined> {
  const [mode, ...rest] = name.split('/');
  const stored = await reader.stored({ mode: mode as Mode, merchantId: rest.join('/') });
  if (stored === undefined) return undefined;
  const ids = stored.accounts.map(({ id }) => id);
  const atMs = Date.now();
  const [rows, circuits] = await Promise.all([
    reader.windows(ids, atMs - DEFAULT_WINDOWS.windowMs),
    reader.circuits(ids),
  ]);
  const windows = createWindows();
  windows.merge(rows);
  return {
    stored,
    routing: assembleRouting(stored),
    numbers: { windows, circuitOf: (id) => circuits.get(id)?.state ?? 'closed' },
    rows,
    circuits,
    atMs,
  };
}
