import { allHandlersFinished, condition, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import { challengeTimerMs } from '../../domain/payment/challenge.ts';
import { decideAuthorizationExpiry, decideUnsent, expiryTimerMs } from '../../domain/payment/commands.ts';
import { type PaymentSnapshot, waitsForRetry } from '../../domain/payment/payment.ts';
import { database } from '../operations/activities.ts';
import { Lanes } from '../operations/lanes.ts';
import { stampOf } from '../operations/updates.ts';
import { PATCHES } from '../versions.ts';
import { ChallengeFollower } from './challenge.ts';
import { Commands } from './commands.ts';
import { readMail } from './mail.ts';
import {
  type CancelCommand,
  type CaptureCommand,
  type ConfirmCommand,
  captureUpdate,
  confirmUpdate,
  createUpdate,
  newsSignal,
  type PaymentInput,
  type PaymentOrder,
  snapshotQuery,
  voidUpdate,
} from './messages.ts';
import { handleOperators } from './operators.ts';
import { PaymentProcess } from './process.ts';
import { retryWhenDue } from './retries.ts';

/**
 * One generation of one payment. It is planned or read back, its open operations are driven, commands and
 * news come in, and it ends when nothing can follow any more. What follows from what is decided in
 * domain/payment; this file says only in which order things wait for each other.
 */
export async function payment(input: PaymentInput): Promise<PaymentSnapshot | undefined> {
  const process = new PaymentProcess(input.paymentId, input.generation);
  const lanes = new Lanes(process);
  const commands = new Commands(process);
  const challenges = new ChallengeFollower(process);
  let newsCount = 0;
  let newsRead = 0;
  let bodyDigest: string | undefined;

  setHandler(newsSignal, () => {
    newsCount += 1;
  });
  setHandler(snapshotQuery, () => (process.payment === undefined ? undefined : process.snapshot()));
  setHandler(createUpdate, async (request) => {
    await process.planned();
    await process.answered(request.answerByMs, { starting: true });
    // The digest is the stored one: after Temporal forgot a payment, a repeat is judged against its row.
    return {
      type: 'done',
      payment: process.snapshot(),
      stamp: { ...stampOf(request), bodyDigest: bodyDigest ?? request.bodyDigest },
    };
  });
  setHandler(confirmUpdate, (command) => commands.confirm(command), {
    validator: (_: ConfirmCommand) => commands.validate('confirm'),
  });
  setHandler(captureUpdate, (command) => commands.capture(command), {
    validator: (_: CaptureCommand) => commands.validate('capture'),
  });
  setHandler(voidUpdate, (command) => commands.void(command), {
    validator: (_: CancelCommand) => commands.validate('void'),
  });
  handleOperators(process, lanes);
  process.onReturned = (attemptId) => challenges.tellReturned(attemptId);
  lanes.beforeAsking = () => readMail(process, lanes);

  bodyDigest = await begin(process, input);
  const unread = () => newsRead !== newsCount;
  while (!process.superseded) {
    await readNews();
    await settleUnsent(process);
    if (challenges.isConcerned()) await challenges.follow();
    if (process.finished && !unread()) break;
    await waitForEvent(process, unread);
  }
  await condition(allHandlersFinished);
  return process.payment === undefined ? undefined : process.snapshot();

  async function readNews(): Promise<void> {
    while (unread() && !process.superseded) {
      newsRead = newsCount;
      await readMail(process, lanes);
    }
  }
}

async function begin(
  process: PaymentProcess,
  { paymentId, generation, order }: PaymentInput,
): Promise<string | undefined> {
  if (generation === 1 && order !== undefined) {
    const { request, ...asked } = order;
    const planned = await database.plan({
      ...asked,
      request: promised(request),
      paymentId,
      generation,
      atMs: workflowInfo().startTime.getTime(),
    });
    process.begin(planned.payment, planned.settings);
    return planned.bodyDigest;
  }
  const { payment: stored, settings } = await database.hydrate(paymentId);
  if (stored === undefined) {
    process.superseded = true;
    return undefined;
  }
  process.begin(stored, settings);
  return undefined;
}

function promised({ requestId, path, idempotencyKey, bodyDigest }: PaymentOrder['request']) {
  return { requestId, path, idempotencyKey, bodyDigest };
}

/** A payment without a route fails at once. */
async function settleUnsent(process: PaymentProcess): Promise<void> {
  if (process.superseded || process.current.status !== 'processing') return;
  await process.apply((payment) => decideUnsent(payment), { type: 'no_route', actor: 'routing' });
}

/** The challenge's workflow tells of the end; should somebody have ended that, the payment knows by itself, later. */
const CHALLENGE_MARGIN_MS = 60 * 1_000;

function afterChallengeMs({ current, settings }: PaymentProcess): number | undefined {
  const endsAtMs = challengeTimerMs(current);
  return endsAtMs === undefined ? undefined : endsAtMs + CHALLENGE_MARGIN_MS * settings.timeScale;
}

/** Waits for news, for the end, or for the payment's own timer: confirmation, authorization expiry, the next try. */
async function waitForEvent(process: PaymentProcess, unread: () => boolean): Promise<void> {
  const { current } = process;
  const { sequence } = current;
  const moved = () => unread() || process.finished || process.current.sequence !== sequence;
  if (waitsForRetry(current)) return retryWhenDue(process, moved);
  const unconfirmed =
    current.status === 'requires_confirmation' || current.status === 'requires_payment_method';
  const timerMs = unconfirmed
    ? current.completeByMs
    : (expiryTimerMs(current, current.createdAtMs) ?? afterChallengeMs(process));
  if (timerMs === undefined) {
    await condition(moved);
    return;
  }
  const waitMs = Math.max(1, timerMs - Date.now());
  const summary = unconfirmed
    ? 'cancel if not confirmed by then'
    : challengeTimerMs(current) === undefined
      ? 'void the authorization before it lapses'
      : 'end the challenge, should its own workflow not have';
  if (await condition(moved, waitMs, { summary })) return;
  // The loop itself ends a challenge whose time is over.
  if (challengeTimerMs(current) !== undefined) return;
  const acted = await process.apply(
    (payment) => (unconfirmed ? decideUnsent(payment) : decideAuthorizationExpiry(payment)),
    { type: unconfirmed ? 'confirmation_expired' : 'authorization_expired', actor: 'timer' },
  );
  // An operation under way keeps the timer from acting: what it comes to is what to wait for.
  if (!acted && patched(PATCHES.expiryRests)) await condition(moved);
}
