import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { highlightsOf } from './highlights.ts';
import type { StoryContext, StoryRows } from './rows.ts';
import { assembleStory } from './story.ts';

const context: StoryContext = {
  paymentId: 'pay_x',
  merchantId: 'mer_x',
  status: 'succeeded',
  people: { opr_ada: 'Ada' },
};

/** Rows of every kind, with ids of their own and texts that anybody may have written. */
const text = fc.oneof(fc.string(), fc.constant('<script>alert(1)</script>'), fc.constant('=1+1'));
const atMs = fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 });
const outcome = fc.constantFrom(
  { type: 'authorized', providerReference: 'pi_1', amountMinor: 100, currency: 'EUR' } as const,
  { type: 'unknown', cause: 'timeout' } as const,
  { type: 'unknown', cause: 'already_sent' } as const,
  {
    type: 'declined',
    decline: { reason: 'insufficient_funds', providerCode: '51', message: 'No.' },
  } as const,
  { type: 'not_attempted', proof: 'no_byte_sent' } as const,
  { type: 'a_newer_release_says' } as never,
);
const maybe = <T>(name: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((given) => (given === undefined ? {} : { [name]: given }));
const merged = (...parts: fc.Arbitrary<object>[]) =>
  fc.tuple(...parts).map((each) => Object.assign({}, ...each) as never);

function listOf(row: fc.Arbitrary<never>, key = 'id'): fc.Arbitrary<never[]> {
  return fc
    .array(row, { maxLength: 4 })
    .map((rows) => rows.map((each, index) => ({ ...(each as object), [key]: `${key}_${index}` })) as never[]);
}

const money = fc.record({
  amountMinor: fc.integer({ min: 0, max: 1_000_000 }),
  currency: fc.constant('EUR'),
});
const rows = fc.record({
  request: listOf(
    merged(
      fc.record({
        path: fc.constantFrom('POST /v1/payments', 'POST /v1/operator/payments/pay_x/void'),
        idempotencyKey: text,
        ownerId: fc.constant('opr_ada'),
        subjectId: fc.constant('pay_x'),
        atMs,
      }),
      maybe('refusal', fc.record({ code: text, message: text })),
    ),
  ),
  request_note: listOf(
    merged(
      fc.record({
        path: text,
        code: fc.constantFrom('replayed', 'duplicate_reference', 'x'),
        status: fc.constant(409),
        detail: text,
        times: fc.integer({ min: 1, max: 9 }),
        requestId: text,
        atMs,
        lastAtMs: atMs,
      }),
    ),
  ),
  decision: listOf(merged(fc.record({ document: fc.constantFrom(null, { rule: 'old' }), atMs }))),
  attempt: listOf(
    merged(
      fc.record({
        number: fc.integer({ min: 1, max: 3 }),
        provider: fc.constant('stripe'),
        accountId: text,
        connectorVersion: text,
        status: fc.constant('declined'),
        watched: fc.boolean(),
        undoing: fc.boolean(),
        atMs,
      }),
    ),
  ),
  operation: listOf(
    merged(
      money,
      fc.record({
        ownerId: fc.constantFrom('pay_x', 'ref_y'),
        attemptId: text,
        provider: text,
        kind: fc.constantFrom('authorize', 'refund', 'new'),
        number: fc.constant(1),
        cause: text,
        status: fc.constantFrom('succeeded', 'unknown'),
        sends: fc.integer({ min: 0, max: 3 }),
        atMs,
      }),
      maybe('outcome', outcome),
      maybe('firstSentAtMs', atMs),
      maybe('lastSentAtMs', atMs),
      maybe('revokedAtMs', atMs),
      maybe('closedAtMs', atMs),
    ),
  ),
  observation: listOf(
    merged(
      fc.record({
        operationId: text,
        ownerId: fc.constant('pay_x'),
        provider: text,
        kind: text,
        source: fc.constantFrom('send', 'permit', 'inquiry'),
        generation: fc.constant(1),
        outcome,
        atMs,
      }),
    ),
  ),
  inbox: listOf(
    merged(
      fc.record({
        provider: text,
        accountId: text,
        providerEventId: text,
        eventType: text,
        summary: fc.object(),
        atMs,
      }),
    ),
  ),
  return_refusal: listOf(merged(fc.record({ code: text, detail: text, atMs }))),
  audit: fc
    .array(
      merged(
        fc.record({
          ownerId: fc.constantFrom('pay_x', 'ref_y'),
          generation: fc.integer({ min: 1, max: 3 }),
          trigger: text,
          actor: fc.constantFrom('timer', 'operator:opr_ada'),
          toStatus: text,
          reason: text,
          hash: text,
          atMs,
        }),
      ),
      { maxLength: 6 },
    )
    .map((all) => all.map((each, index) => ({ ...(each as object), sequence: index + 1 })) as never[]),
  ledger: listOf(
    merged(
      fc.record({
        ownerId: text,
        sequence: fc.nat(9),
        kind: text,
        postings: fc.array(
          fc.record({ account: text, currency: fc.constant('EUR'), amountMinor: fc.integer() }),
          { maxLength: 3 },
        ),
        atMs,
      }),
    ),
  ),
  event: listOf(
    merged(fc.record({ ownerId: text, type: text, sequence: fc.nat(9), eventSequence: fc.nat(9), atMs })),
  ),
  delivery: listOf(
    merged(
      fc.record({
        eventType: text,
        endpointId: text,
        endpoint: text,
        status: fc.constantFrom('dead', 'pending', 'delivered'),
        attempts: fc.nat(20),
        atMs,
      }),
      maybe('deliveredAtMs', atMs),
    ),
    'eventId',
  ),
  refund: listOf(
    merged(
      money,
      fc.record({
        provider: text,
        status: fc.constantFrom('succeeded', 'failed'),
        generation: fc.constant(1),
        atMs,
      }),
    ),
  ),
  external_refund: listOf(merged(money, fc.record({ accountId: text, providerReference: text, atMs }))),
  booking: listOf(
    merged(
      money,
      fc.record({ accountId: text, kind: text, status: text, atMs }),
      maybe('missingSince', text),
    ),
  ),
  settlement_line: listOf(
    merged(
      fc.record({
        line: fc.nat(9),
        fileName: text,
        accountId: text,
        type: text,
        currency: fc.constant('EUR'),
        grossMinor: fc.integer(),
        settlementCurrency: fc.constant('EUR'),
        feeMinor: fc.integer(),
        netMinor: fc.integer(),
        occurredAtMs: atMs,
        atMs,
      }),
      maybe('verdict', fc.constantFrom('clean', 'AMOUNT_UNDER', 'of_a_newer_release')),
    ),
    'fileId',
  ),
  case: listOf(
    merged(
      fc.record({ kind: fc.constantFrom('amount_under', 'new_kind'), subjectId: text, summary: text, atMs }),
      maybe('closedAtMs', atMs),
    ),
  ),
  case_entry: listOf(merged(fc.record({ caseId: text, caseKind: text, actor: text, action: text, atMs }))),
  resolution: listOf(
    merged(
      fc.record({
        ownerId: fc.constant('pay_x'),
        outcome: text,
        evidence: text,
        reason: text,
        status: fc.constantFrom('proposed', 'approved'),
        proposedBy: fc.constant('opr_ada'),
        atMs,
      }),
      maybe('approvedAtMs', atMs),
      maybe('approvedBy', fc.constant('opr_b')),
    ),
  ),
  operator_refusal: listOf(
    merged(
      fc.record({ path: text, status: fc.constant(409), code: text, detail: text, requestId: text, atMs }),
    ),
  ),
}) as fc.Arbitrary<StoryRows>;

function count(all: StoryRows): number {
  return Object.values(all).reduce((sum, each) => sum + each.length, 0);
}

const KINDS = [
  'request',
  'request_note',
  'decision',
  'attempt',
  'operation',
  'observation',
  'inbox',
  'return_refusal',
  'audit',
  'ledger',
  'event',
  'delivery',
  'refund',
  'external_refund',
  'booking',
  'settlement_line',
  'case',
  'case_entry',
  'resolution',
  'operator_refusal',
];

describe('a story', () => {
  it('tells of every row, of each of its moments once, in the order of time', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const entries = assembleStory(all, context);
        const told = new Set(entries.map(({ source }) => `${source.kind} ${source.id}`));
        expect(told.size).toBe(count(all));
        expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
        const times = entries.map((entry) => entry.atMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 200 },
    );
  });

  it('is the same whatever order its rows come in, but for rows of one kind and millisecond', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const reversed = Object.fromEntries(
          Object.entries(all).map(([kind, each]) => [kind, [...each].reverse()]),
        ) as unknown as StoryRows;
        const ids = (of: StoryRows) => new Set(assembleStory(of, context).map(({ id }) => id));
        expect(ids(reversed)).toEqual(ids(all));
      }),
      { numRuns: 50 },
    );
  });

  it('shows that a later workflow took over, and who did what by name', () => {
    const step = (sequence: number, generation: number, actor: string) => ({
      ownerId: 'pay_x',
      sequence,
      generation,
      trigger: 'x',
      actor,
      fromStatus: 'processing',
      toStatus: 'processing',
      reason: 'void asked for by opr_ada: duplicate order',
      hash: '',
      atMs: sequence,
    });
    const none = Object.fromEntries(KINDS.map((kind) => [kind, []])) as unknown as StoryRows;
    const [, second] = assembleStory(
      { ...none, audit: [step(1, 1, 'timer'), step(2, 2, 'operator:opr_ada')] },
      context,
    );
    expect(second?.title).toBe(
      'A new workflow took over (generation 2), because the one before was gone. Void asked for by Ada: duplicate order',
    );
  });
});

describe('a request that was noted', () => {
  const none = Object.fromEntries(KINDS.map((kind) => [kind, []])) as unknown as StoryRows;
  const path = 'POST /v1/payments/pay_x/refunds';
  const note = (changes: object) => ({
    id: '1',
    path,
    code: 'amount_too_large',
    status: 409,
    detail: 'more than is left',
    times: 1,
    requestId: 'hreq_1',
    atMs: 1_000,
    lastAtMs: 1_000,
    ...changes,
  });
  const highlights = (rows: Partial<StoryRows>) => highlightsOf(assembleStory({ ...none, ...rows }, context));
  const refund = {
    id: 'ref_1',
    provider: 'stripe',
    status: 'failed',
    amountMinor: 100,
    currency: 'EUR',
    failure: { code: 'amount_too_large', message: 'more than is left' },
    generation: 1,
    atMs: 900,
  };

  it('stands out once, though the row of its refund tells of the refusal too', () => {
    expect(
      highlights({ request_note: [note({})], refund: [refund] }).map(({ source }) => source.kind),
    ).toEqual(['refund']);
    const later = note({ atMs: 60_000 });
    expect(highlights({ request_note: [later], refund: [refund] })).toHaveLength(2);
    expect(highlights({ request_note: [note({})] })).toHaveLength(1);
  });

  it('is no double submit where the API itself asked again after a reset', () => {
    const request = {
      id: 'req_1',
      path,
      idempotencyKey: 'k',
      ownerId: 'mer_x',
      subjectId: 'pay_x',
      atMs: 0,
      answeredAtMs: 900,
    };
    const ranAgain = {
      id: '1',
      operationId: 'op_1',
      ownerId: 'pay_x',
      provider: 'stripe',
      kind: 'authorize',
      source: 'permit',
      generation: 2,
      outcome: { type: 'unknown', cause: 'already_sent' },
      atMs: 500,
    } as const;
    const replayed = note({ code: 'replayed', status: 200 });
    const titles = (rows: Partial<StoryRows>) =>
      highlights(rows)
        .map(({ title }) => title)
        .join();
    const reset = { request: [request], observation: [ranAgain] };
    expect(titles({ ...reset, request_note: [replayed] })).not.toContain('Double submit');
    expect(titles({ request: [request], request_note: [replayed] })).toContain('Double submit');
    expect(titles({ ...reset, request_note: [{ ...replayed, times: 2 }] })).toContain('Double submit');
    expect(titles({ ...reset, request_note: [{ ...replayed, atMs: 60_000 }] })).toContain('Double submit');
  });
});
