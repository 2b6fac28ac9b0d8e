import type { Finding } from './finding.ts';
import type { OperationRow, PaymentRow } from './rows.ts';
import { subjectsOf, type View } from './view.ts';

/**
 * I9: liveness. Soon after everything is healed each payment and refund has ended, waits for its merchant
 * with a workflow that minds its time, or is parked with an open exception. Nothing is open, unread or stuck.
 */
export function checkLiveness(view: View): Finding[] {
  return [
    ...inTime(view),
    ...[...view.payments.values()].flatMap((payment) => paymentAtRest(view, payment)),
    ...[...view.payments.values()].flatMap((payment) => payerAwaited(view, payment)),
    ...refundsAtRest(view),
    ...view.operations.flatMap((operation) => operationAtRest(view, operation)),
    ...unread(view),
    ...stuck(view),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I9', subject, what });

const FIVE_MINUTES_MS = 300_000;

/**
 * What the time scale doesn't scale, one after another in the worst case: a dead worker's task is given to
 * another after 10 s, its send after as long and the deadline; the shopper's time runs out; the sweeper leaves
 * alone what moved in the last 5 s; a letter is signalled again after 5 s and doubled.
 */
export function quietWithinMs(view: View): number {
  return FIVE_MINUTES_MS * view.evidence.timeScale + unscaledMs(view);
}

function unscaledMs({ evidence }: View): number {
  const { providerDeadlineMs, completeByMs } = evidence.settings;
  return 10_000 + 10_000 + providerDeadlineMs + completeByMs + 5_000 + 15_000;
}

function inTime(view: View): Finding[] {
  const { healedAtMs, quietAtMs, restless } = view.evidence;
  if (quietAtMs === undefined) {
    const what =
      restless.length === 0 ? 'it never came to rest' : `never came to rest: ${restless.join(', ')}`;
    return [found('storm', what)];
  }
  const tookMs = quietAtMs - healedAtMs;
  const allowedMs = quietWithinMs(view);
  if (tookMs <= allowedMs) return [];
  return [found('storm', `took ${tookMs} ms to come to rest after it was healed; ${allowedMs} are allowed`)];
}

const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'canceled', 'expired']);
const WAITING: ReadonlySet<string> = new Set([
  'requires_payment_method',
  'requires_confirmation',
  'requires_capture',
  'partially_captured',
]);

function paymentAtRest(view: View, payment: PaymentRow): Finding[] {
  const { id, status, generation } = payment;
  if (ENDED.has(status)) return [];
  if (WAITING.has(status)) {
    // Its own timer (confirmation, expiry) runs in the workflow of its generation.
    const running = view.evidence.workflows.some(
      (each) => each.workflowId === `payment/${id}/g${generation}` && each.status === 'RUNNING',
    );
    return running || endedJustNow(view, id) ? [] : [found(id, `is ${status} and no workflow minds it`)];
  }
  const subjects = [id, ...view.attemptsOf(id).flatMap((attempt) => subjectsOf(view, attempt))];
  return view.isParked(subjects) ? [] : [found(id, `is ${status} and nobody is told`)];
}

/** What a payer has, unscaled: ten minutes to open the issuer's page, and EMV's ten there. */
const PAYERS_WINDOW_MS = 20 * 60_000;

/**
 * A payer who never comes keeps nobody waiting: the first `requires_action` of a stay and the step that ends it lie
 * no further apart than the window, or, where a storm held that up, it is over soon after the healing.
 */
function payerAwaited(view: View, { id }: PaymentRow): Finding[] {
  const { timeScale, healedAtMs, quietAtMs } = view.evidence;
  const rows = view.audits.get(id) ?? [];
  let sinceMs: number | undefined;
  for (const { toStatus, atMs } of rows) {
    // A return only asks the provider, and may lead back: the stay goes on.
    if (toStatus === 'requires_action') sinceMs ??= atMs;
    else if (sinceMs !== undefined && toStatus !== 'processing') return lateBy(sinceMs, atMs);
  }
  return sinceMs === undefined ? [] : lateBy(sinceMs, quietAtMs ?? Number.POSITIVE_INFINITY);

  function lateBy(fromMs: number, untilMs: number): Finding[] {
    const limitMs = Math.max(fromMs + PAYERS_WINDOW_MS * timeScale, healedAtMs) + unscaledMs(view);
    if (untilMs <= limitMs) return [];
    return [found(id, `waited for its payer ${untilMs - limitMs} ms longer than it may`)];
  }
}

/** The sweeper leaves alone what moved in its last seconds, and looks round after that. */
const SWEPT_WITHIN_MS = 15_000;

function endedJustNow(view: View, id: string): boolean {
  const { faults, quietAtMs = Number.POSITIVE_INFINITY } = view.evidence;
  return faults.some(
    ({ what, target, at }) =>
      what === 'terminate' && target.startsWith(`payment/${id}/`) && at > quietAtMs - SWEPT_WITHIN_MS,
  );
}

const RESTING_REFUNDS: ReadonlySet<string> = new Set(['succeeded', 'failed', 'canceled']);

function refundsAtRest(view: View): Finding[] {
  return [...view.refunds.values()]
    .filter(({ status }) => !RESTING_REFUNDS.has(status))
    .filter(({ id }) => !view.isParked([id, ...operationsOf(view, id)]))
    .map(({ id, status }) => found(id, `is ${status} and nobody is told`));
}

function operationsOf(view: View, ownerId: string): readonly string[] {
  return view.operations.filter((operation) => operation.ownerId === ownerId).map(({ id }) => id);
}

function operationAtRest(view: View, operation: OperationRow): Finding[] {
  const { id, ownerId, attemptId, kind, status, closedAtMs } = operation;
  if (closedAtMs !== undefined || view.isParked([id, ownerId, attemptId])) return [];
  return [found(id, `is a ${kind} left ${status}, and nobody is told`)];
}

function unread(view: View): Finding[] {
  return view.inbox
    .filter(({ acknowledged, id }) => !acknowledged && !view.isParked([id]))
    .map(({ id, eventId }) => found(id, `is a webhook that nobody read (${eventId})`));
}

function stuck(view: View): Finding[] {
  return view.evidence.workflows.flatMap(({ workflowId, status, pendingTaskFailure }) => [
    ...(status === 'FAILED' || status === 'TIMED_OUT' ? [found(workflowId, `ended ${status}`)] : []),
    ...(pendingTaskFailure === undefined ? [] : [found(workflowId, `cannot go on: ${pendingTaskFailure}`)]),
  ]);
}
