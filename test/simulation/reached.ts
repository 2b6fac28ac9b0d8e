import { SCHEDULED_RETRY } from '../../domain/payment/causes.ts';
import type { Operation } from '../../domain/payment/payment.ts';
import { MANUAL } from '../../domain/refund/refund.ts';
import { World } from './world.ts';

type Places = Readonly<Record<string, boolean>>;

/** How many of some schedules came to each of the places that the rules are about. */
export function reached(firstSeed: number, count: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const world = new World(seed);
    try {
      world.run();
    } catch {
      continue;
    }
    const places = world.aboutRefunds ? refundPlacesOf(world) : placesOf(world);
    for (const [place, here] of Object.entries(places)) counts[place] = (counts[place] ?? 0) + Number(here);
  }
  return counts;
}

function placesOf(world: World): Places {
  const { payment, permits, exceptions, paymentRows } = world.database;
  const attempts = payment?.attempts ?? [];
  const status = payment?.status;
  const rows = [...permits.values()];
  return {
    succeeded: status === 'succeeded',
    failed: status === 'failed',
    canceled: status === 'canceled',
    expired: status === 'expired',
    parked: status === 'requires_review',
    failedOver: attempts.length > 1,
    retriedLater: attempts.some(({ operations }) =>
      operations.some((each) => each.cause.startsWith(SCHEDULED_RETRY)),
    ),
    sentAgain: rows.some((row) => row.sends > 1),
    revoked: rows.some((row) => row.revokedAtMs !== undefined),
    provenAbsent: attempts.some((attempt) => attempt.watched || attempt.undoing),
    undoneByRefund: attempts.some((attempt) => attempt.undoing && attempt.status === 'refunded'),
    undoneByVoid: attempts.some((attempt) => attempt.undoing && attempt.status === 'voided'),
    voidedByReference: attempts.some((attempt) =>
      attempt.operations.some((each) => each.cause.startsWith('resolve_') && each.status === 'succeeded'),
    ),
    capturedInParts: rows.filter((row) => row.kind === 'capture').length > 1,
    laterGeneration: paymentRows.generation > 1,
    lateSuccess: world.charges().some((charge) => charge.late),
    overdue: [...exceptions.values()].some((each) => each.kind === 'pending_overdue'),
  };
}

function refundPlacesOf(world: World): Places {
  const { database } = world;
  const rows = [...database.refunds.values()];
  const refunds = rows.flatMap(({ state }) => (state === undefined ? [] : [state]));
  const steps = rows.flatMap((each) => each.steps);
  const permits = [...database.permits.values()].filter(({ kind }) => kind === 'refund');
  const effects = world.charges().flatMap((charge) => [...charge.refunds.values()]);
  const proven = (proof: string) => (operation: Operation) =>
    operation.outcome?.type === 'not_attempted' && operation.outcome.proof === proof;
  const some = (test: (operation: Operation) => boolean) =>
    refunds.some((refund) => refund.operations.some(test));
  return {
    succeeded: refunds.some(({ status }) => status === 'succeeded'),
    failed: refunds.some(({ status }) => status === 'failed'),
    canceled: refunds.some(({ status }) => status === 'canceled'),
    inReview: refunds.some(({ status }) => status === 'requires_review'),
    several: refunds.filter(({ status }) => status === 'succeeded').length > 1,
    refusedForTheBound: rows.some(({ refusal }) => refusal?.code === 'amount_too_large'),
    refusedForItsEnd: rows.some(({ refusal }) => refusal?.code === 'refund_ended'),
    wasUnknown: steps.some(({ trigger }) => trigger.type.endsWith('_unknown')),
    sentAgain: permits.some(({ sends }) => sends > 1),
    retriedUnsent: some(proven('no_byte_sent')),
    retriedRevoked: some(proven('permit_revoked')),
    retriedAbsent: some(proven('not_found_confirmed')),
    tookBack: effects.some(({ state }) => state === 'undone'),
    late: effects.some(({ late, state }) => late && state === 'done'),
    lateAfterRelease: refunds.some(({ outsideBound }) => outsideBound),
    excess: refunds.some(({ excessMinor }) => excessMinor > 0),
    byHand: refunds.some(({ countedOperationId }) => countedOperationId === MANUAL),
    retriedByOperator: steps.some(({ trigger }) => trigger.type === 'retry'),
    resolvedByOperators: steps.some(({ trigger }) => trigger.type === 'resolve'),
    givenUp: steps.some(({ refund }) => refund.failure?.code === 'given_up_by_operators'),
    parked: steps.some(({ trigger }) => trigger.type === 'parked'),
    laterGeneration: rows.some(({ generation }) => generation > 1),
    outside: database.balance.externalMinor > 0,
    outsideTooMuch: database.exceptions.has(`refund_excess ${database.paymentRows.ownerId}`),
    besideUndoing:
      [...database.reservations.keys()].some((id) => id.startsWith('att_')) && refunds.length > 0,
  };
}
