import { effect, first, type Loose, later, type Mutation } from './mutation.ts';

/** Payers who had to act, and merchants who had to hear. */
export const CHALLENGES: readonly Mutation[] = [
  {
    name: 'an authorization without the word of the issuer',
    needs: 'challenged',
    flags: 'S4',
    apply: (e) => {
      delete (effect(e, 'authorized', 'adyen') as { authentication?: object }).authentication;
    },
  },
  {
    name: 'an authorization against the word of the issuer',
    needs: 'challenged',
    flags: 'S4',
    apply: (e) => Object.assign(effect(e, 'authorized', 'adyen'), { authentication: { transStatus: 'R' } }),
  },
  {
    name: 'a return that was believed',
    needs: 'abandoned',
    flags: 'S4',
    apply: (e) => Object.assign(awaited(e), { status: 'authorized' }),
  },
  {
    name: 'an authentication that nobody made',
    needs: 'abandoned',
    flags: 'S4',
    apply: (e) =>
      Object.assign(awaited(e), { authentication: { status: 'challenged', facts: { transStatus: 'Y' } } }),
  },
  {
    name: 'a return with another amount that was taken',
    needs: 'challenged',
    flags: 'S4',
    apply: (e) => {
      const act = { at: 0, seq: 0, kind: 'payer', scenario: 1, payment: 'pay_1' } as const;
      e.merchant = [...e.merchant, { ...act, did: 'forged_amount', status: 303 }];
    },
  },
  {
    name: 'a payer who is waited for to the end',
    needs: 'abandoned',
    flags: 'I9',
    apply: (e) => Object.assign(paymentOf(e, awaited(e)), { status: 'requires_action' }),
  },
  {
    name: 'a payer who was waited for too long',
    needs: 'abandoned',
    flags: 'I9',
    apply: (e) => {
      const id = awaited(e).payment_id;
      for (const row of e.tables.audit)
        if (row.owner_id === id && Number(row.sequence) > 2) row.at = later(row.at, 600_000);
    },
  },
  {
    name: "where the payer was sent, kept after its challenge's end",
    needs: 'challenged',
    flags: 'S1',
    apply: (e) =>
      Object.assign(
        first(e.tables.attempt, (row) => row.provider === 'adyen' && row.authentication !== null),
        {
          authentication: {
            status: 'challenged',
            redirectUrl: 'https://acs.example/1',
            facts: { transStatus: 'Y' },
          },
        },
      ),
  },
  {
    name: 'a client secret among what the browser brought back',
    needs: 'challenged',
    flags: 'S1',
    apply: (e) =>
      Object.assign(
        first(e.tables.inbox, (row) => row.event_type === 'challenge.returned'),
        {
          summary: { payment_intent_client_secret: 'pi_1_secret_abc' },
        },
      ),
  },
  {
    name: "an endpoint's secret in the open",
    needs: 'sale',
    flags: 'S1',
    apply: (e) => {
      const secret = e.endpoints[0]?.secret.slice('whsec_'.length) ?? '';
      e.tables.webhook_endpoint.push({ id: 'we_well', sealed_secrets: Buffer.from(secret, 'base64') });
    },
  },
];

export const DELIVERIES: readonly Mutation[] = [
  {
    name: 'no endpoints',
    needs: 'sale',
    flags: 'S5',
    apply: (e) => {
      e.endpoints = [];
    },
  },
  {
    name: 'an event that one endpoint never took',
    needs: 'sale',
    flags: 'S5',
    apply: (e) => {
      const { eventId } = first(e.deliveries, ({ endpoint }) => endpoint === 'flapping');
      e.deliveries = e.deliveries.filter((line) => !isTaking(line, 'flapping', eventId));
    },
  },
  {
    name: 'a delivery that was written down and not made',
    needs: 'sale',
    flags: 'S5',
    apply: (e) =>
      e.tables.webhook_delivery.push({ endpoint_id: 'we_slow', event_id: 'evt_x', status: 'delivered' }),
  },
  {
    name: 'events in another order',
    needs: 'refunded',
    flags: 'S6',
    apply: (e) => {
      const second = first(e.deliveries, (line) => line.event?.sequence === 2 && line.endpoint === 'well');
      e.deliveries = [{ ...second, at: 0 }, ...e.deliveries];
    },
  },
  {
    name: 'a number that is left out',
    needs: 'refunded',
    flags: 'S6',
    apply: (e) => {
      e.tables.outbox = e.tables.outbox.filter((row) => row.event_sequence !== 2);
    },
  },
  {
    name: 'a second body',
    needs: 'sale',
    flags: 'S7',
    apply: (e) => {
      e.deliveries = e.deliveries.map((line, index) =>
        index === 0 ? { ...line, bodyDigest: 'other' } : line,
      );
    },
  },
  {
    name: 'a wrong signature',
    needs: 'sale',
    flags: 'S7',
    apply: (e) => {
      e.deliveries = e.deliveries.map((line, index) =>
        index === 0 ? { ...line, signature: 'wrong' } : line,
      );
    },
  },
  {
    name: 'a stale signature where every clock was right',
    needs: 'sale',
    flags: 'S7',
    apply: (e) => {
      e.deliveries = e.deliveries.map((line, index) =>
        index === 0 ? { ...line, signature: 'stale' } : line,
      );
    },
  },
  {
    name: 'an event of another type than was written',
    needs: 'sale',
    flags: 'S7',
    apply: (e) => Object.assign(e.tables.outbox[0] ?? {}, { type: 'payment.failed' }),
  },
];

const awaited = (e: Loose) =>
  first(e.tables.attempt, (row) => row.status === 'voided' && row.authentication !== null);

function paymentOf(evidence: Loose, attempt: Record<string, unknown>) {
  return first(evidence.tables.payment, (row) => row.id === attempt.payment_id);
}

function isTaking(line: Loose['deliveries'][number], endpoint: string, eventId: string): boolean {
  return line.endpoint === endpoint && line.eventId === eventId && line.answered === 200;
}
