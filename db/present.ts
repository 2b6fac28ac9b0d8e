/** What is null in a row is absent in a plain value. */
export function present<K extends string, V>(key: K, value: V | null): { readonly [P in K]?: V } {
  return presentAs(key, value, (same) => same);
}

/** The same, made of what stands in the row. */
export function presentAs<K extends string, V, W>(
  key: K,
  value: V | null,
  as: (value: V) => W,
): { readonly [P in K]?: W } {
  return (value === null ? {} : { [key]: as(value) }) as { readonly [P in K]?: W };
}
