/** The rest of a list that is ordered by time and id, newest first: what comes after a row. */
export function olderThan({ id, createdAt }: { readonly id: string; readonly createdAt: Date }) {
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}
