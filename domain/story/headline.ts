import { moneyOf } from '../money/words.ts';
import { duplicatedBy } from '../names.ts';
import { RETRY_ADVICE, type RetryAdvice } from '../payment/outcome.ts';
import {
  type Attempt,
  currentAttempt,
  isHeldForReview,
  type Payment,
  waitsForRetry,
} from '../payment/payment.ts';
import type { Severity } from './entry.ts';
import { lateSentences, lateWords } from './late-success.ts';
import { withOpenCases } from './open-cases.ts';
import type { OperationRow, StoryContext, StoryRows } from './rows.ts';
import { actorWords, clockOf, declineWords, nounOf, providerName, spaced, unknownWords } from './words.ts';

/** The short answer: what became of the payment, and why, for somebody who has never seen it. */
export interface Headline {
  readonly text: string;
  readonly why: string;
  readonly tone: Severity;
}

/** Everything that a headline is made of. */
export interface Told {
  readonly payment: Payment;
  readonly rows: StoryRows;
  readonly context: StoryContext;
}

export function headlineOf(told: Told): Headline {
  return withOpenCases(whatBecame(told), told.rows);
}

function whatBecame(told: Told): Headline {
  const { payment } = told;
  switch (payment.status) {
    case 'succeeded':
    case 'partially_captured':
      return captured(told);
    case 'requires_capture':
      return authorized(payment);
    case 'requires_action':
      return waitsForPayer(payment);
    case 'processing':
      return underWay(told);
    case 'requires_review':
      return needsPerson(told);
    case 'failed':
      return failed(told);
    case 'canceled':
      return canceled(told);
    case 'expired':
      return {
        text: `Expired: the authorization of ${total(payment)}${atProvider(payment)} was never captured`,
        why: `An authorization only reserves the money. Nobody captured it${expiry(payment)}, so it was released and the payer was not charged.`,
        tone: 'warning',
      };
    case 'requires_payment_method':
    case 'requires_confirmation':
      return {
        text: `Not confirmed yet: nothing has been sent to any provider`,
        why: 'The merchant created the payment and has still to confirm it. Until then no provider is asked, and nobody is charged.',
        tone: 'info',
      };
  }
}

function total({ amountMinor, currency }: Payment): string {
  return moneyOf(amountMinor, currency);
}

/** The attempt whose money counts for the merchant. */
function counting({ attempts }: Payment): Attempt | undefined {
  return attempts.findLast((each) => !each.undoing);
}

function atProvider(payment: Payment): string {
  const attempt = counting(payment);
  return attempt === undefined ? '' : ` at ${providerName(attempt.provider)}`;
}

function expiry({ authorizationExpiresAtMs }: Payment): string {
  return authorizationExpiresAtMs === undefined ? '' : ` by ${clockOf(authorizationExpiresAtMs)}`;
}

/** What became of the attempts before the one that counts, e.g. `Stripe declined it (insufficient funds)`. */
function earlier(payment: Payment): string[] {
  const last = counting(payment);
  return payment.attempts
    .filter((each) => each !== last)
    .map((each) => {
      const name = providerName(each.provider);
      if (each.undoing) return lateWords(each);
      if (each.decline !== undefined) return `${name} declined it (${spaced(each.decline.reason)})`;
      if (each.status === 'voided') return `its authorization at ${name} was voided`;
      if (each.status === 'errored') return `${name} could not take it`;
      return `${name} ${spaced(each.status)} it`;
    });
}

function captured(told: Told): Headline {
  const { payment } = told;
  const { currency, amountCapturedMinor, amountRefundedMinor, amountMinor } = payment;
  const before = earlier(payment);
  const partly = amountCapturedMinor < amountMinor ? ` of ${total(payment)}` : '';
  const refunded =
    amountRefundedMinor === 0
      ? ''
      : amountRefundedMinor >= amountCapturedMinor
        ? ', and refunded in full'
        : `, of which ${moneyOf(amountRefundedMinor, currency)} was refunded`;
  const charged = payment.amountChargedBackMinor ?? 0;
  const disputed = charged > 0 ? `, and ${moneyOf(charged, currency)} charged back by the payer's bank` : '';
  return {
    text: `Captured ${moneyOf(amountCapturedMinor, currency)}${partly}${atProvider(payment)}${before.length === 0 ? '' : ` after ${before.join(', and ')}`}${refunded}${disputed}`,
    why: [...chargedOnce(payment), ...resolved(told), ...lateSentences(payment)].join(' '),
    tone: disputed === '' ? 'good' : 'bad',
  };
}

/** Nothing of it holds where a provider charged late: what became of that money is told instead. */
function chargedOnce(payment: Payment): string[] {
  if (payment.attempts.some((each) => each.undoing)) return [];
  return [
    payment.attempts.length < 2
      ? `${providerName(counting(payment)?.provider ?? 'the provider')} took the money at the first attempt.`
      : 'The first provider was proven not to have charged the payer before the next one was asked, so the payer was charged once.',
  ];
}

/** Whether there was a time when nobody knew. */
function resolved({ rows }: Told): string[] {
  const lost = rows.observation.find(
    ({ outcome }) => outcome.type === 'unknown' && outcome.cause !== 'already_sent',
  );
  if (lost === undefined || lost.outcome.type !== 'unknown') return [];
  const open = rows.operation.some(
    ({ id, closedAtMs }) => id === lost.operationId && closedAtMs === undefined,
  );
  if (open) return [];
  return [
    `For a while the outcome of the ${nounOf(lost.kind)} was unknown (${unknownWords(lost.outcome.cause)}); ${providerName(lost.provider)} was asked until it was proven.`,
  ];
}

function authorized(payment: Payment): Headline {
  const before = earlier(payment);
  return {
    text: `Authorized ${moneyOf(payment.amountAuthorizedMinor, payment.currency)}${atProvider(payment)}${before.length === 0 ? '' : ` after ${before.join(', and ')}`}; waiting for the merchant to capture it`,
    why: [
      `The money is reserved at the payer's bank and not charged yet. Without a capture${expiry(payment)} it is released.`,
      ...lateSentences(payment),
    ].join(' '),
    tone: 'info',
  };
}

function waitsForPayer(payment: Payment): Headline {
  const attempt = currentAttempt(payment);
  const ends = attempt?.authentication?.challengeEndsAtMs;
  return {
    text: `Waiting for the payer to authenticate (3-D Secure${atProvider(payment)})${ends === undefined ? '' : ` until ${clockOf(ends)}`}`,
    why: "The payer's bank wants them to confirm the payment. If they don't in time, it is canceled at the provider and nobody is charged.",
    tone: 'info',
  };
}

function unknownOperation(rows: StoryRows): OperationRow | undefined {
  return rows.operation.find(({ status, closedAtMs }) => status === 'unknown' && closedAtMs === undefined);
}

function underWay({ payment, rows }: Told): Headline {
  const unknown = unknownOperation(rows);
  if (unknown !== undefined) {
    const seen = rows.observation.filter(({ operationId }) => operationId === unknown.id);
    const lost = seen.find(({ outcome }) => outcome.type === 'unknown');
    const cause = lost?.outcome.type === 'unknown' ? ` (${unknownWords(lost.outcome.cause)})` : '';
    const since = lost?.atMs ?? unknown.lastSentAtMs ?? unknown.firstSentAtMs ?? unknown.atMs;
    const name = providerName(unknown.provider);
    return {
      text: `Outcome unknown since ${clockOf(since)}: ${name}'s answer to the ${nounOf(unknown.kind)} was lost${cause}`,
      why: `The request may or may not have gone through, so no other provider is tried: the payer could be charged twice. ${name} is asked, under the same key, at growing intervals until one or the other is proven. It was sent ${unknown.sends === 1 ? 'once' : `${unknown.sends} times`} so far.`,
      tone: 'warning',
    };
  }
  if (waitsForRetry(payment)) {
    const last = currentAttempt(payment);
    return {
      text: `Declined${last?.decline === undefined ? '' : ` (${declineWords(last.decline)})`}; tried again at ${clockOf(payment.nextRetryAtMs ?? 0)}`,
      why: "The payer is not there, and the merchant's policy allows a later try of this decline.",
      tone: 'info',
    };
  }
  const open = rows.operation.find(({ closedAtMs }) => closedAtMs === undefined);
  const doing = open === undefined ? '' : `: ${nounOf(open.kind)} at ${providerName(open.provider)}`;
  return {
    text: `Still under way${doing}`,
    why: 'A provider has been asked, and has not said its last word yet.',
    tone: 'info',
  };
}

function needsPerson({ payment, rows }: Told): Headline {
  if (isHeldForReview(payment)) {
    return {
      text: `Held back for a review: nothing of ${total(payment)} has been sent yet`,
      why: 'The routing policy wants a person to look before any provider is asked. An operator releases it or cancels it.',
      tone: 'warning',
    };
  }
  const open = rows.case.filter(({ closedAtMs }) => closedAtMs === undefined);
  const unknown = unknownOperation(rows);
  return {
    text: `A person must decide: ${open[0]?.summary ?? `the payment of ${total(payment)} cannot go on by itself`}`,
    why:
      unknown === undefined
        ? 'Everything that Interlock may do by itself has been done. What is known stands below.'
        : `${providerName(unknown.provider)} has been asked as often as makes sense, and nothing is proven. Look there, then resolve it with evidence; a second person approves.`,
    tone: 'bad',
  };
}

const AFTER_DECLINE: Readonly<Record<RetryAdvice, string>> = {
  retry_other_provider:
    'Such a decline may be tried at another provider; none was left to try, or none in time.',
  retry_later: 'The same card may work later; trying at once elsewhere would only be declined again.',
  correct_and_retry: 'The payer has to correct what they entered, so trying elsewhere would not help.',
  authenticate: "The payer's bank wants them to authenticate first.",
  never: "The bank's word is final: the card must not be tried again.",
};

function failed({ payment }: Told): Headline {
  const { failure } = payment;
  const attempt = counting(payment);
  const decline = failure?.decline ?? attempt?.decline;
  if (failure?.code === 'authentication_abandoned') {
    return {
      text: `Failed: the payer abandoned the authentication (3-D Secure${atProvider(payment)})`,
      why: `The bank asked the payer to confirm, and they never finished. The intent was canceled at the provider before the payment failed, so nothing was charged. ${lateSentences(payment).join(' ')}`.trim(),
      tone: 'bad',
    };
  }
  if (failure?.code === 'card_declined' && decline !== undefined) {
    const before = earlier(payment);
    return {
      text: `Declined${atProvider(payment)}: ${declineWords(decline)}${before.length === 0 ? '' : ` (before that, ${before.join(', and ')})`}`,
      why: [
        `${AFTER_DECLINE[RETRY_ADVICE[decline.reason] ?? 'retry_later']} Nothing was charged.`,
        ...lateSentences(payment),
      ].join(' '),
      tone: 'bad',
    };
  }
  return {
    text: `Failed: ${failure?.message ?? 'no provider took it'}`,
    why: [`${spaced(failure?.code ?? 'failed')}: nothing was charged.`, ...lateSentences(payment)].join(' '),
    tone: 'bad',
  };
}

const CANCELED: Readonly<Record<string, string>> = {
  requested_by_merchant:
    'The merchant voided it. The authorization was released and the payer is not charged.',
  complete_by_passed:
    "The payer's time was over before any provider had charged them, so nobody is asked any more.",
  not_confirmed_in_time: 'The merchant never confirmed it, so nothing was ever sent.',
  canceled_by_operator:
    'An operator ended it, which is only possible while it is proven that nothing was charged.',
  voided_by_operator: 'An operator had the authorization released; the payer is not charged.',
  authorization_expired: 'The authorization ran out uncaptured and was released.',
  canceled_at_provider: 'Somebody canceled the authorization at the provider, not through Interlock.',
  reference_paid_otherwise: 'Another payment of the same order reference was paid, so this one ended.',
};

function canceled(told: Told): Headline {
  const { payment } = told;
  const reason = payment.cancellationReason ?? '';
  const other = duplicatedBy(reason);
  if (other !== undefined) {
    return {
      text: `Double submit: refused as a duplicate of ${other}`,
      why: `Another payment of the same order reference is open or has succeeded, and the merchant has the guard against duplicates on. Nothing was sent for this one.`,
      tone: 'warning',
    };
  }
  const person = operatorWho(told);
  const by = person === undefined ? '' : ` by ${person.name}`;
  const word = reason.includes('void') ? 'Voided' : 'Canceled';
  return {
    text: `${word}${by}: ${total(payment)}${atProvider(payment)} was not charged`,
    why: [
      CANCELED[reason] ??
        (reason === '' ? 'It was ended before anything was charged.' : `${spaced(reason)}.`),
      ...(person === undefined ? [] : [`The reason given: ${person.reason}`]),
      ...lateSentences(payment),
    ].join(' '),
    tone: 'warning',
  };
}

/** The command of a person that ends a payment for the reason; whoever did anything else before did not end it. */
const ENDED_BY: Readonly<Record<string, string>> = {
  canceled_by_operator: 'operator_cancel',
  voided_by_operator: 'operator_void',
};

/** The person whose command ended it, from the step that says so. */
function operatorWho({ rows, context, payment }: Told) {
  const command = ENDED_BY[payment.cancellationReason ?? ''];
  const step = rows.audit.findLast(
    ({ trigger, actor, ownerId }) =>
      trigger === command && actor.startsWith('operator:') && ownerId === payment.id,
  );
  if (step === undefined) return undefined;
  const id = step.actor.slice('operator:'.length);
  return {
    name: actorWords(step.actor, context.people),
    reason: step.reason.replace(/^.*? by [^:]+: /, '').replaceAll(id, actorWords(step.actor, context.people)),
  };
}
