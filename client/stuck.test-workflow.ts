/** Refused by the SDK each time: an error that is no Temporal failure is a bug. */
export async function faulty(): Promise<void> {
  throw new TypeError('a workflow task that fails again and again');
}

/** Never done within the SDK's limit, as on a machine that has no processor to spare. */
export async function slow(): Promise<void> {
  let spins = 0;
  while (spins < Number.POSITIVE_INFINITY) spins = (spins + 1) % 7;
}
