import { randomUUID } from 'node:crypto';
import { PROVIDERS } from '../rig/settings.ts';
import { type Nemesis, withProvider } from './context.ts';

/** What an operator in error does with Temporal's own tools: terminate, reset, reset an activity. */
const AT_ONCE = 2;
const NAMESPACE = 'default';

export async function meddle(nemesis: Nemesis, what: string): Promise<void> {
  if (what === 'activity') return resetActivities(nemesis);
  const ids = await someWorkflows(nemesis, what === 'terminate');
  for (const workflowId of ids.slice(0, AT_ONCE)) {
    const at = Date.now();
    const done =
      what === 'terminate' ? await terminate(nemesis, workflowId) : await reset(nemesis, workflowId);
    if (!done) continue;
    await nemesis.log.write({ kind: 'reset', target: workflowId, what, detail: {}, at });
  }
}

/** What stands beside payments: endpoints' deliveries, and challenges whose payer is waited for. */
const BESIDE = `SELECT 'delivery/' || id AS id FROM webhook_endpoint WHERE status = 'enabled'
  UNION ALL SELECT 'challenge/' || payment_id || '/' || number FROM attempt
  WHERE authentication->>'status' IN ('challenge_required', 'returned', 'unknown')`;

/**
 * One that stands beside payments, then the newest payments; of these to be terminated only what is open, to be
 * reset also what has closed.
 */
async function someWorkflows({ rig, random }: Nemesis, open: boolean): Promise<readonly string[]> {
  const rows = await rig.sql<{ id: string; generation: number }>(
    `SELECT id, generation FROM payment ${open ? "WHERE status NOT IN ('succeeded', 'failed', 'canceled', 'expired')" : ''}
     ORDER BY created_at DESC LIMIT 30`,
  );
  const beside = await rig.sql<{ id: string }>(BESIDE);
  return [
    ...random.shuffled(beside.map(({ id }) => id)).slice(0, 1),
    ...random.shuffled(rows.map(({ id, generation }) => `payment/${id}/g${generation}`)),
  ];
}

export async function terminate({ rig }: Nemesis, workflowId: string): Promise<boolean> {
  try {
    await rig.temporal.workflow.getHandle(workflowId).terminate('an operator in error');
    return true;
  } catch {
    // It has closed meanwhile, or Temporal is away: nothing happened.
    return false;
  }
}

/** Back to its first workflow task: everything since runs again. */
export async function reset({ rig }: Nemesis, workflowId: string): Promise<boolean> {
  try {
    const history = await rig.temporal.workflow.getHandle(workflowId).fetchHistory();
    const started = history.events?.find((event) => event.workflowTaskStartedEventAttributes != null);
    if (started?.eventId == null) return false;
    await rig.temporal.workflowService.resetWorkflowExecution({
      namespace: NAMESPACE,
      workflowExecution: { workflowId },
      reason: 'an operator in error',
      requestId: randomUUID(),
      workflowTaskFinishEventId: Number(started.eventId) + 1,
    } as never);
    return true;
  } catch {
    return false;
  }
}

/** While the provider is slow there are activities to reset: each starts again although it is running. */
function resetActivities(nemesis: Nemesis): Promise<void> {
  const { rig, log } = nemesis;
  return withProvider(nemesis, PROVIDERS, async (provider) => {
    const latencyMs = Math.round(rig.pace.providerDeadlineMs * 0.75);
    await rig.admin(provider, 'POST', '/faults', { operation: 'any', mode: 'latency', latencyMs, times: 6 });
    const deadline = Date.now() + 4_000;
    let done = 0;
    while (Date.now() < deadline && done < AT_ONCE) {
      for (const workflowId of await someWorkflows(nemesis, true)) {
        for (const activityId of await pendingActivities(nemesis, workflowId)) {
          const at = Date.now();
          if (!(await resetActivity(nemesis, workflowId, activityId))) continue;
          done += 1;
          const detail = { activityId };
          await log.write({ kind: 'reset', target: workflowId, what: 'activity', detail, at });
        }
        if (done >= AT_ONCE || Date.now() > deadline) break;
      }
    }
    await rig.admin(provider, 'DELETE', '/faults');
  });
}

async function pendingActivities({ rig }: Nemesis, workflowId: string): Promise<readonly string[]> {
  try {
    const { raw } = await rig.temporal.workflow.getHandle(workflowId).describe();
    return (raw.pendingActivities ?? []).flatMap(({ activityId }) => (activityId ? [activityId] : []));
  } catch {
    return [];
  }
}

export async function resetActivity(
  { rig }: Nemesis,
  workflowId: string,
  activityId: string,
): Promise<boolean> {
  try {
    await rig.temporal.workflowService.resetActivity({
      namespace: NAMESPACE,
      execution: { workflowId },
      id: activityId,
      identity: 'an operator in error',
    });
    return true;
  } catch {
    return false;
  }
}
