import {
  again,
  effect,
  first,
  type Loose,
  lastAudit,
  later,
  type Mutation,
  operation,
  told,
} from './mutation.ts';

/** The order of things, what was promised, and what must be gone. */
export const ORDER: readonly Mutation[] = [
  {
    name: 'the next attempt sent while the earlier one was charged',
    needs: 'failover',
    flags: 'I4',
    apply: (e) => {
      const declined = effect(e, 'declined');
      again(e, { ...declined, effect: 'authorized' });
    },
  },
  {
    name: 'the next attempt sent before the earlier one was written down as dead',
    needs: 'failover',
    flags: 'I4',
    apply: (e) => {
      for (const row of e.tables.audit) if (Number(row.sequence) > 1) row.at = later(row.at, 60_000);
    },
  },
  {
    name: 'absence believed at once',
    needs: 'failover',
    flags: 'I4',
    apply: (e) =>
      Object.assign(operation(e, 'sale'), {
        outcome: { type: 'not_attempted', proof: 'not_found_confirmed' },
      }),
  },
  {
    name: 'not attempted, and arrived',
    needs: 'failover',
    flags: 'I4',
    apply: (e) =>
      Object.assign(operation(e, 'sale'), { outcome: { type: 'not_attempted', proof: 'no_byte_sent' } }),
  },
  {
    name: 'an edge that is not listed',
    needs: 'held',
    flags: 'I6',
    apply: (e) => Object.assign(lastAudit(e), { to_status: 'requires_payment_method' }),
  },
  {
    name: 'a step that is missing',
    needs: 'captured',
    flags: 'I6',
    apply: (e) => {
      e.tables.audit = e.tables.audit.filter((row) => row.sequence !== 2);
    },
  },
  {
    name: 'a row that is not where its last step left it',
    needs: 'sale',
    flags: 'I6',
    apply: (e) => Object.assign(e.tables.payment[0] ?? {}, { status: 'failed' }),
  },
  {
    name: 'an older generation that writes after a newer one',
    needs: 'captured',
    flags: 'I6',
    apply: (e) => Object.assign(e.tables.audit[1] ?? {}, { generation: 2 }),
  },
  {
    name: 'two generations that run',
    needs: 'held',
    flags: 'I6',
    apply: (e) => Object.assign(e.tables.payment[0] ?? {}, { generation: 2 }),
  },
  {
    name: 'an attempt that leaves a terminal state',
    needs: 'voided',
    flags: 'I6',
    apply: (e) => {
      const row = e.tables.audit[1] as Record<string, unknown>;
      row.content = String(row.content).replace('"authorized"', '"refunded"');
    },
  },
  {
    name: 'an edited audit row',
    needs: 'sale',
    flags: 'I7',
    apply: (e) => {
      const row = first(e.tables.audit, ({ content }) => String(content).includes('captured'));
      row.content = String(row.content).replace('captured', 'declined');
    },
  },
  {
    name: 'a chain whose end was cut off',
    needs: 'sale',
    flags: 'I7',
    apply: (e) => {
      e.tables.audit.pop();
    },
  },
  {
    name: 'an audit row that says other than its content',
    needs: 'sale',
    flags: 'I7',
    apply: (e) => Object.assign(lastAudit(e), { from_status: 'requires_capture' }),
  },
];

export const PROMISES: readonly Mutation[] = [
  {
    name: 'an acknowledged payment that is gone',
    needs: 'held',
    flags: 'I8',
    apply: (e) => told(e, (body) => Object.assign(body, { id: 'pay_gone' })),
  },
  {
    name: 'a definite answer that did not hold',
    needs: 'sale',
    flags: 'I8',
    apply: (e) => told(e, (body) => Object.assign(body, { status: 'canceled' })),
  },
  {
    name: 'a repeated answer in other words',
    needs: 'sale',
    flags: 'I8',
    apply: (e) => told(e, (body) => Object.assign(body, { amount: 1 })),
  },
  {
    name: 'a key that took two bodies',
    needs: 'sale',
    flags: 'I8',
    apply: (e) =>
      Object.assign(
        first(e.merchant, ({ kind }) => kind === 'request'),
        { body: { amount: 2 } },
      ),
  },
  {
    name: 'a held payment that is given up unasked',
    needs: 'voided',
    flags: 'I8',
    apply: (e) => Object.assign(operation(e, 'void'), { cause: 'challenge_ended' }),
  },
  {
    name: 'a payment that nobody looks after',
    needs: 'parked',
    flags: 'I9',
    apply: (e) => {
      e.tables.exception = [];
    },
  },
  {
    name: 'a held authorization without a workflow',
    needs: 'held',
    flags: 'I9',
    apply: (e) => Object.assign(e.workflows[0] ?? {}, { status: 'TERMINATED' }),
  },
  {
    name: 'a run that never came to rest',
    needs: 'sale',
    flags: 'I9',
    apply: (e) => {
      delete (e as { quietAtMs?: number }).quietAtMs;
    },
  },
  {
    name: 'a run that took too long to come to rest',
    needs: 'sale',
    flags: 'I9',
    apply: (e) => {
      e.quietAtMs = e.healedAtMs + 600_000;
    },
  },
  {
    name: 'no histories',
    needs: 'sale',
    flags: 'I10',
    apply: (e) => {
      e.workflows = [];
    },
  },
  {
    name: 'a history that does not replay',
    needs: 'sale',
    flags: 'I10',
    apply: (e) => Object.assign(e.workflows[0] ?? {}, { replayError: 'DeterminismViolationError' }),
  },
];

export const SECRETS_AND_LETTERS: readonly Mutation[] = [
  {
    name: 'a verification code after its authorization',
    needs: 'sale',
    flags: 'S1',
    apply: (e) => Object.assign(e.tables.payment_method[0] ?? {}, { sealed_cvc: Buffer.from('sealed') }),
  },
  {
    name: 'sealed parameters of a closed operation',
    needs: 'sale',
    flags: 'S1',
    apply: (e) => Object.assign(e.tables.operation[0] ?? {}, { sealed_parameters: Buffer.from('sealed') }),
  },
  {
    name: 'a forged webhook in the inbox',
    needs: 'sale',
    flags: 'S2',
    apply: (e) => {
      letter(e, 'forged');
      e.forged = [
        { at: 0, provider: 'adyen', how: 'another secret', eventId: 'forged', reference: null, status: 401 },
      ];
    },
  },
  {
    name: 'a webhook that was stored twice',
    needs: 'sale',
    flags: 'S3',
    apply: (e) => {
      letter(e, 'evt_1');
      letter(e, 'evt_1');
    },
  },
];

function letter(evidence: Loose, eventId: string): void {
  evidence.tables.inbox.push({
    id: `in_${evidence.tables.inbox.length}`,
    account_id: 'pa_demo_stripe',
    provider_event_id: eventId,
    reference: null,
    acknowledged_at: new Date(0),
  });
}
