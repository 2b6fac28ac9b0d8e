import type { Sabotage } from './sabotage.ts';
import {
  FAIR_DAY,
  FREEZE_AFTER_CLAIM,
  LATE_SUCCESS,
  LOST_ANSWERS,
  REFUSED_RESENDS,
  RESET_AFTER_KEY_EXPIRED,
  SLOW_EXECUTION,
  SLOW_SETTLEMENT,
} from './schedules.ts';

/** Builds that send what they may not, or misread what comes back. */
export const SENDING: readonly Sabotage[] = [
  {
    name: 'provider-key-dropped',
    what: "charges at Stripe carry no idempotency key of the operation's",
    patches: [
      {
        file: 'providers/stripe/index.ts',
        find: 'client.paymentIntents.create(typed, { idempotencyKey: request.providerKey })',
        replace: 'client.paymentIntents.create(typed)',
      },
    ],
    schedule: LOST_ANSWERS,
    expect: ['I1'],
  },
  {
    name: 'permit-skipped',
    what: 'a first send claims no permit',
    patches: [
      {
        file: 'activities/send.ts',
        find: 'const claim = await claimFirstSend(deps.db, {',
        replace: `const skipped = (_claim: unknown): Awaited<ReturnType<typeof claimFirstSend>> =>
      ({ type: 'claimed', sentAtMs: Date.now() });
    const claim = skipped({`,
      },
    ],
    schedule: RESET_AFTER_KEY_EXPIRED,
    expect: ['I1', 'I4'],
  },
  {
    name: 'permit-never-stale',
    what: 'what was claimed is sent however long ago that was, past its deadline too',
    patches: [
      {
        file: 'providers/transport/call.ts',
        find: "if (nowMs >= this.#deadlineAtMs) return 'deadline';",
        replace: '',
      },
      {
        file: 'providers/transport/call.ts',
        find: "return nowMs > this.#claimedAtMs + PERMIT_VALID_MS ? 'permit_expired' : undefined;",
        replace: 'return undefined;',
      },
      {
        file: 'providers/transport/call.ts',
        find: "if (this.#bytesWritten === 0) this.refuse('permit_expired');",
        replace: '',
      },
      {
        file: 'providers/transport/call.ts',
        find: 'setTimeout(() => this.#failAtDeadline(), totalDeadlineMs)',
        replace: 'setTimeout(() => this.#bytesWritten > 0 && this.#failAtDeadline(), totalDeadlineMs)',
      },
    ],
    schedule: FREEZE_AFTER_CLAIM,
    expect: ['I1'],
  },
  {
    name: 'unknown-read-as-declined',
    what: 'a request that left and was not answered counts as a decline that another provider may judge',
    patches: [
      {
        file: 'providers/transport/outcome-of-fault.ts',
        find: "return { type: 'unknown', cause, detail: detailOfFault(error, call) };",
        replace: `const decline = { reason: 'issuer_unavailable' as const, providerCode: cause, message: 'no answer' };
  return { type: 'declined', decline };`,
      },
    ],
    schedule: LOST_ANSWERS,
    expect: ['I1', 'I4'],
  },
  {
    name: 'refused-resend-read-as-rejected',
    what: 'a 4xx to a resend counts as the proof that nothing was executed',
    patches: [
      {
        file: 'activities/send.ts',
        find: 'isResend: true }, () => send.effect(connection, true)),',
        replace: 'isResend: true }, () => send.effect(connection, false)),',
      },
      {
        file: 'activities/send.ts',
        find: "if (outcome.type === 'rejected')\n    return { type: 'unknown', cause: 'rejected_on_resend', detail: outcome.code };",
        replace: '',
      },
    ],
    schedule: REFUSED_RESENDS,
    expect: ['I1', 'I4'],
  },
  {
    name: 'absence-believed-at-once',
    what: 'the first "not found" counts, whatever the visibility horizon',
    patches: [
      {
        file: 'domain/payment/resolver.ts',
        find: 'const NOT_FOUND_NEEDED = 2;',
        replace: 'const NOT_FOUND_NEEDED = 1;',
      },
      {
        file: 'domain/payment/resolver.ts',
        find: 'if (countsFromMs === undefined || nowMs < countsFromMs) return inquiry;',
        replace: '',
      },
    ],
    schedule: SLOW_EXECUTION,
    expect: ['I1', 'I4'],
  },
  {
    name: 'late-success-ignored',
    what: 'a charge that turns up after its decline is taken for a repetition',
    patches: [
      {
        file: 'domain/payment/decide.ts',
        find: 'return lateSuccess(payment, attempt, outcome);',
        replace: 'return undefined;',
      },
    ],
    schedule: LATE_SUCCESS,
    expect: ['I2'],
  },
  {
    name: 'received-read-as-done',
    what: 'a capture that Adyen has only received counts as made',
    patches: [
      {
        file: 'providers/adyen/mapping.ts',
        find: "return { type: 'pending', providerReference: answer.pspReference };",
        replace: `if (expected.money === undefined) return { type: 'voided' };
  const { amountMinor, currency } = expected.money;
  return { type: 'captured', providerReference: answer.pspReference, amountMinor, currency };`,
      },
    ],
    schedule: SLOW_SETTLEMENT,
    expect: ['I3'],
  },
  {
    name: 'unknown-never-asked-about',
    what: 'the resolver waits a day before its first question',
    patches: [
      {
        file: 'domain/payment/resolver.ts',
        find: 'return soonerMs > 0 && soonerMs < waitMs ? soonerMs : waitMs;',
        replace: 'return soonerMs > 0 ? 86_400_000 : Math.max(86_400_000, waitMs);',
      },
    ],
    schedule: LOST_ANSWERS,
    expect: ['I9'],
  },
  {
    name: 'answers-differ-on-replay',
    what: 'a workflow waits a moment longer when it runs than when it is replayed',
    patches: [
      {
        file: 'workflows/payment/workflow.ts',
        find: 'bodyDigest = await begin(process, input);',
        replace: `bodyDigest = await begin(process, input);
  if (!workflowInfo().unsafe.isReplaying) await condition(() => false, 5);`,
      },
    ],
    schedule: FAIR_DAY,
    expect: ['I10'],
  },
];
