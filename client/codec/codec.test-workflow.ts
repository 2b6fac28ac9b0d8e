/** A workflow for codec.test.ts that sends a marker down every path on which a payment could send data. */
import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
} from '@temporalio/workflow';

export const describeQuery = defineQuery<string, [string]>('describe');
export const noteSignal = defineSignal<[string]>('note');
export const proceedUpdate = defineUpdate<string, [string]>('proceed');

const { fail, echo } = proxyActivities<{
  echo(text: string): Promise<string>;
  fail(text: string): Promise<void>;
}>({ startToCloseTimeout: 10_000, retry: { maximumAttempts: 1 } });

export async function markerWorkflow(marker: string): Promise<void> {
  let proceed = false;
  setHandler(describeQuery, (text) => `${text}:${marker}`);
  setHandler(noteSignal, () => {});
  setHandler(
    proceedUpdate,
    (text) => {
      proceed = true;
      return text;
    },
    {
      validator: (text) => {
        if (text !== marker) throw ApplicationFailure.nonRetryable(`refused, expected ${marker}`);
      },
    },
  );
  setCurrentDetails(`details ${marker}`);
  await echo(marker);
  await sleep(1, { summary: `summary ${marker}` });
  await condition(() => proceed);
  await fail(marker).catch(() => {});
  throw ApplicationFailure.nonRetryable(`failed: ${marker}`, 'Marker', { marker });
}
