import { sleep } from '@temporalio/workflow';

/** The negative control: workflows of the same names that begin otherwise. No recorded history may replay on them. */
export async function payment(): Promise<void> {
  await sleep('1 minute');
}

/** Today's begins with a timer, too; this one leaves at once. */
export async function challenge(): Promise<void> {}

export async function delivery(): Promise<void> {
  await sleep('1 minute');
}

async function caseFile(): Promise<void> {
  await sleep('1 minute');
}

export async function backtest(): Promise<void> {
  await sleep('1 minute');
}

export async function experiment(): Promise<void> {
  await sleep('1 minute');
}

export async function canary(): Promise<void> {
  await sleep('1 minute');
}

export async function rollup(): Promise<void> {
  await sleep('1 minute');
}

export { caseFile as case };

export async function reconciliation(): Promise<void> {
  await sleep('1 minute');
}

export async function scheduledReconciliation(): Promise<void> {
  await sleep('1 minute');
}

export async function refund(): Promise<void> {
  await sleep('1 minute');
}
