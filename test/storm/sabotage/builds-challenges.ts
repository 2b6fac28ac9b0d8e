import type { Sabotage } from './sabotage.ts';
import { FAILED_CHALLENGES, FAILING_ENDPOINT } from './schedules-challenges.ts';

/** Builds that don't wait for the issuer's word, or don't keep their word to merchants' endpoints. */
export const CHALLENGING: readonly Sabotage[] = [
  {
    name: 'failure-read-as-approval',
    what: 'a payer who failed to authenticate at Stripe counts as authorized',
    patches: [
      {
        file: 'providers/stripe/mapping.ts',
        find: 'return declinedOutcome(intent.last_payment_error, intent);',
        replace: `if (intent.last_payment_error.code === UNAUTHENTICATED)
        return { type: 'authorized', providerReference, amountMinor, currency, authentication: { transStatus: 'Y' } };
      return declinedOutcome(intent.last_payment_error, intent);`,
      },
    ],
    schedule: FAILED_CHALLENGES,
    expect: ['S4'],
  },
  {
    name: 'return-believed',
    what: 'that the browser came back counts as the success of its challenge; the provider is asked no more',
    patches: [
      {
        file: 'workflows/payment/mail.ts',
        find: "await process.apply((payment) => decideReturned(payment, attemptId, inboxId, Date.now()), {\n    type: 'payer_returned',\n    actor: source,\n  });",
        replace: `const waiting = process.current.attempts.find((each) => each.id === attemptId);
  const charge = waiting?.operations.find((each) => !each.closed && (each.kind === 'authorize' || each.kind === 'sale'));
  const { amountMinor, currency } = process.current;
  if (charge !== undefined)
    await conclude(process, charge.id, {
      type: 'authorized',
      providerReference: waiting?.providerReference ?? inboxId,
      amountMinor,
      currency,
      authentication: { transStatus: 'Y' },
    }, source);`,
      },
    ],
    schedule: FAILED_CHALLENGES,
    expect: ['S4'],
  },
  {
    name: 'failed-event-skipped',
    what: 'an event that an endpoint did not take is given up at once',
    patches: [
      {
        file: 'domain/events/outcome.ts',
        find: 'const waitMs = waitAfterMs(attempts);',
        replace: 'const waitMs = attempts > 0 ? undefined : waitAfterMs(attempts);',
      },
    ],
    schedule: FAILING_ENDPOINT,
    expect: ['S5'],
  },
  {
    name: 'failed-event-overtaken',
    what: "a payment's next event is sent although the one before was not taken",
    patches: [
      {
        file: 'activities/events/deliver.ts',
        find: 'stopped = !this.#judge(delivery, url, await this.#attempt(delivery, url, sign));',
        replace: 'this.#judge(delivery, url, await this.#attempt(delivery, url, sign));',
      },
    ],
    schedule: FAILING_ENDPOINT,
    expect: ['S6'],
  },
  {
    name: 'body-made-anew',
    what: 'a body says when it was sent, so each attempt has another one',
    patches: [
      {
        file: 'activities/events/deliver.ts',
        find: 'const body = JSON.stringify(publicEvent(delivery));',
        replace: 'const body = JSON.stringify({ ...publicEvent(delivery), sent_at: Date.now() });',
      },
    ],
    schedule: FAILING_ENDPOINT,
    expect: ['S7'],
  },
];
