/** A workflow whose every task fails: an error that is no Temporal failure is a bug, and the task is tried again. */
export async function payment(): Promise<void> {
  throw new TypeError('a workflow task that fails again and again');
}
