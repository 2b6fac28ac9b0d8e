import type { Store, Table } from './kernel.ts';

/** The rows of each reference, oldest first: an index that is kept as rows are written, also while the journal is read back. */
export function rowsByReference<Row extends { reference: string | null }>(
  store: Store,
  table: Table<Row>,
): (reference: string) => Row[] {
  const index = new Map<string, Set<string>>();
  store.onPut(table, (id, { reference }) => {
    if (reference === null) return;
    const ids = index.get(reference) ?? new Set();
    index.set(reference, ids.add(id));
  });
  return (reference) =>
    [...(index.get(reference) ?? [])].map((id) => store.get(table, id)).filter((row) => row !== undefined);
}
