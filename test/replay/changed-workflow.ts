import { sleep } from '@temporalio/workflow';

/** The negative control: a workflow of the same name that begins otherwise. No recorded history may replay on it. */
export async function payment(): Promise<void> {
  await sleep('1 minute');
}
