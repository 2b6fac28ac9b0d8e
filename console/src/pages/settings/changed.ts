/**
 * Of a form, only what differs from what the dialog began with: of what is left out, the API keeps what stands there now, which
 * somebody else may have set since.
 */
export function changedOf<T extends object>(before: T, now: T): Partial<T> {
  const fields = Object.entries(now) as [keyof T, unknown][];
  const changed = fields.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]));
  return Object.fromEntries(changed) as Partial<T>;
}
