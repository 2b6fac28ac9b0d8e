import type { RecordExtras, Recorded, SettledAttempt } from '../../db/record.ts';
import { recordTransition } from '../../db/record.ts';
import { isTerminal } from '../../domain/machine.ts';
import { answerOf } from '../../domain/payment/answered.ts';
import { PAYMENT_EDGES } from '../../domain/payment/states.ts';
import type { Transition } from '../../domain/payment/transition.ts';
import { foundResult } from '../../domain/routing/observed.ts';
import type { Dependencies } from '../dependencies.ts';

export interface RecordOrder {
  readonly transition: Transition;
  readonly extras?: RecordExtras;
}

/** Writes one decided step. Idempotent on (payment, sequence); compare-and-set on the generation. */
export function createRecord(deps: Dependencies) {
  return async function record(order: RecordOrder): Promise<Recorded> {
    const recorded = await recordTransition(deps.db, order.transition, order.extras ?? {});
    if (recorded.type !== 'recorded') return recorded;
    const { settled = [], ...answer } = recorded;
    count(deps, order.transition);
    for (const each of settled) learn(deps, order.transition, each);
    return answer;
  };
}

/** What routing learns when an answer is found that the send itself did not bring; see activities/send.ts for those. */
function learn({ routing }: Dependencies, { payment, attempts }: Transition, settled: SettledAttempt): void {
  const attempt = attempts.find(({ id }) => id === settled.id);
  const result = attempt === undefined ? undefined : foundResult(settled.was, attempt);
  if (attempt === undefined || result === undefined) return;
  const { brand, country } = settled;
  routing.observed({
    accountId: attempt.accountId,
    method: 'card',
    currency: payment.currency,
    result,
    amountMinor: payment.amountMinor,
    atMs: Date.now(),
    ...(brand === null ? {} : { brand }),
    ...(country === null ? {} : { issuerCountry: country }),
  });
}

/** Only where this very try wrote the step, so that an end and an answer count once. */
function count({ meter }: Dependencies, transition: Transition): void {
  const { payment, fromStatus } = transition;
  const reason = payment.failure?.code ?? 'none';
  if (payment.status !== fromStatus && isTerminal(PAYMENT_EDGES, payment.status))
    meter?.paymentEnded(payment.status, reason);
  const answer = answerOf(transition);
  // A step holds the attempts that it changed; the payer's answer took all of them.
  if (answer !== undefined) meter?.paymentAnswered(answer, reason, payment.attempts.length);
}
