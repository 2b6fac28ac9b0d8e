// Things that happen at a provider without anybody being told: only the settlement file will show them.
import type { Kernel, Transaction } from '../kernel.ts';

/** Webhooks, and modifications that whoever asked for them carries out at once. */
const LEFT_OUT = ['notify', 'modify'];

/** A transaction that queues no webhook, also none for later. */
export function beginSilently(kernel: Kernel): Transaction {
  const tx = kernel.begin();
  const schedule = tx.schedule.bind(tx);
  tx.notify = () => {};
  tx.schedule = (task) => {
    if (!LEFT_OUT.includes(task.type)) schedule(task);
  };
  return tx;
}
