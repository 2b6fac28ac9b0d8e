import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';

/** Once: a canary that is tried until it succeeds says nothing. The next one comes by the Schedule. */
const { flyCanary } = proxyActivities<Pick<Activities, 'flyCanary'>>({
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '3 minutes',
  retry: { maximumAttempts: 1 },
});

/** Makes one payment of our own through the public API, and writes down how far it came. */
export async function canary(): Promise<Awaited<ReturnType<Activities['flyCanary']>>> {
  const end = await flyCanary();
  setCurrentDetails(end.failedStep === undefined ? `**${end.status}**` : `**failed** at ${end.failedStep}`);
  return end;
}
