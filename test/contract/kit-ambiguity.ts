// What happens when an answer is lost: keys that replay, outcomes that are unknown, and how they are proven.
import { expect, it } from 'vitest';
import type { OperationOutcome, UnknownCause } from '../../domain/payment/outcome.ts';
import type { LookupRequest, ProviderConnection } from '../../providers/provider.ts';
import { authorize, authorized, type Kit, question } from './parts.ts';
import { ask, perform, settled, TestPayment, until } from './rig.ts';

type Ambiguous = { readonly mode: string; readonly cause: UnknownCause; readonly committed: boolean };

/** Each way in which a sent request can leave its sender in the dark. */
const AMBIGUOUS: readonly Ambiguous[] = [
  { mode: 'reset_before_commit', cause: 'connection_lost', committed: false },
  { mode: 'reset_after_commit', cause: 'connection_lost', committed: true },
  { mode: 'status', cause: 'server_error', committed: false },
  { mode: 'status_after_commit', cause: 'server_error', committed: true },
  { mode: 'hang', cause: 'timeout', committed: false },
  { mode: 'hang_after_commit', cause: 'timeout', committed: true },
  { mode: 'truncate', cause: 'connection_lost', committed: true },
];

export function idempotency({ rig, subject }: Kit): void {
  it('replays the first outcome under the same key, with one effect', async () => {
    const payment = new TestPayment();
    const request = payment.authorization(subject.approved);
    const { outcome: first } = await authorize(rig(), request);
    const { outcome: second } = await authorize(rig(), { ...request, resend: true });
    expect(second).toEqual(first);
    expect(await rig().effects(payment.reference, 'authorized')).toHaveLength(1);
  });

  it('replays a capture under the same key, with one effect', async () => {
    const made = await authorized({ rig, subject });
    const operation = made.payment.operation('capture');
    const { providerReference } = made;
    const request = {
      ...operation,
      providerReference,
      amountMinor: 4_200,
      currency: 'EUR',
      finalCapture: true,
    };
    const { outcome: first } = await perform(rig(), (connection) => connection.capture(request));
    const { outcome: second } = await perform(rig(), (connection) =>
      connection.capture({ ...request, resend: true }),
    );
    expect(second).toEqual(first);
    const asked = question(made.payment, made.request, {
      kind: 'capture',
      reference: operation.reference,
      providerReference,
    });
    expect(await settled(rig(), first, asked)).toMatchObject({ type: 'captured' });
    expect(await rig().effects(made.payment.reference, 'captured')).toHaveLength(1);
  });

  it.each([false, true])(
    'never makes a second effect of a key with another body (resend: %s)',
    async (resend) => {
      const payment = new TestPayment();
      const request = payment.authorization(subject.approved);
      await authorize(rig(), request);
      const { outcome } = await authorize(rig(), { ...request, amountMinor: 9_900, resend });
      // Refused, or answered with what the key did first.
      const cause = expect.stringMatching(/^(?:conflict|mismatch)$/);
      expect(outcome).toMatchObject({ type: 'unknown', cause });
      expect(await rig().effects(payment.reference, 'authorized')).toMatchObject([{ amountMinor: 4_200 }]);
    },
  );

  it('makes one effect of ten concurrent sends under one key', async () => {
    const payment = new TestPayment();
    const request = payment.authorization(subject.approved);
    const all = await Promise.all(Array.from({ length: 10 }, () => authorize(rig(), request)));
    for (const { outcome } of all) {
      if (outcome.type !== 'authorized')
        expect(outcome).toMatchObject({ type: 'unknown', cause: 'conflict' });
    }
    expect(all.filter(({ outcome }) => outcome.type === 'authorized').length).toBeGreaterThan(0);
    expect(await rig().effects(payment.reference, 'authorized')).toHaveLength(1);
  });
}

export function ambiguity(kit: Kit): void {
  const { rig, subject } = kit;

  it('declares that it can be asked, where its key replays successes only', () => {
    const { replaysByKey, replays } = rig().provider.unknown;
    if (replays === 'successes')
      expect([replaysByKey, typeof rig().connection.lookup]).toEqual([true, 'function']);
    else expect(['everything', undefined]).toContain(replays);
  });

  it('knows a refused connection for proven not attempted, and the same payment goes through later', async () => {
    await rig().fault({ mode: 'refuse' });
    const payment = new TestPayment();
    const request = payment.authorization(subject.approved);
    const { outcome, trace } = await authorize(rig(), request);
    expect(outcome).toEqual({ type: 'not_attempted', proof: 'no_byte_sent' });
    expect(trace.bytesWritten).toBe(0);
    await rig().admin('DELETE', '/faults');
    expect((await authorize(rig(), payment.authorization(subject.approved))).outcome.type).toBe('authorized');
    expect(await rig().effects(payment.reference, 'authorized')).toHaveLength(1);
  });

  it.each(AMBIGUOUS)(
    '$mode: an authorization is unknown, then resolved without a second charge',
    async (fault) => {
      const payment = new TestPayment();
      const request = payment.authorization(subject.approved);
      await rig().fault({
        operation: 'authorize',
        mode: fault.mode,
        times: 1,
        match: { reference: payment.reference },
      });
      const { outcome, trace } = await authorize(rig(), request, { totalDeadlineMs: 700 });
      expect(outcome).toMatchObject({ type: 'unknown', cause: fault.cause });
      expect(trace.bytesWritten).toBeGreaterThan(0);
      expect(await rig().effects(payment.reference, 'authorized')).toHaveLength(fault.committed ? 1 : 0);
      const resolved = await resolve(kit, question(payment, request), fault, (connection) =>
        connection.authorize({ ...request, resend: true }),
      );
      expect(resolved).toMatchObject({ type: 'authorized', amountMinor: 4_200 });
      expect(await rig().effects(payment.reference, 'authorized')).toHaveLength(1);
    },
  );

  it.each(AMBIGUOUS)('$mode: a capture is unknown, then resolved without a second one', async (fault) => {
    const made = await authorized(kit);
    const { payment, providerReference } = made;
    await rig().fault({
      operation: 'capture',
      mode: fault.mode,
      times: 1,
      match: { reference: payment.reference },
    });
    const operation = payment.operation('capture');
    const request = {
      ...operation,
      providerReference,
      amountMinor: 4_200,
      currency: 'EUR',
      finalCapture: true,
    };
    const first = await perform(rig(), (connection) => connection.capture(request), { totalDeadlineMs: 700 });
    expect(first.outcome).toMatchObject({ type: 'unknown', cause: fault.cause });
    const asked = question(payment, made.request, {
      kind: 'capture',
      reference: operation.reference,
      providerReference,
    });
    const outcome = await resolve(kit, asked, fault, (connection) =>
      connection.capture({ ...request, resend: true }),
    );
    expect(await settled(rig(), outcome, asked)).toMatchObject({ type: 'captured', amountMinor: 4_200 });
    expect(await rig().effects(payment.reference, 'captured')).toHaveLength(1);
  });

  it('is resolved by what a verified webhook says, or hints at, of a reply that was lost', async () => {
    const payment = new TestPayment();
    const request = payment.authorization(subject.approved);
    const match = { reference: payment.reference };
    await rig().fault({ operation: 'authorize', mode: 'reset_after_commit', times: 1, match });
    expect((await authorize(rig(), request)).outcome.type).toBe('unknown');
    const event = await until('its webhook', () =>
      rig()
        .events()
        .find(({ reference }) => reference === payment.reference),
    );
    if (rig().provider.webhookIs === 'evidence') {
      expect(event.evidence).toMatchObject({
        kind: 'authorize',
        reference: payment.reference,
        amountMinor: 4_200,
        currency: 'EUR',
        outcome: { type: 'authorized', amountMinor: 4_200 },
      });
      return;
    }
    // A hint may claim what it likes; it is asked about all the same.
    expect(event.evidence?.reference ?? payment.reference).toBe(payment.reference);
    const { providerReference = expect.fail('a hint must say where to ask') } = event;
    const result = await ask(rig(), question(payment, request, { providerReference }));
    expect(result).toMatchObject({ type: 'found', outcome: { type: 'authorized', amountMinor: 4_200 } });
  });

  it('voids by our own reference, where it can, what nobody answered for', async () => {
    const { voidByReference } = rig().connection;
    if (voidByReference === undefined) {
      expect(rig().connection.lookup).toBeDefined();
      return;
    }
    const lost = new TestPayment();
    const match = { reference: lost.reference };
    await rig().fault({ operation: 'authorize', mode: 'reset_after_commit', times: 1, match });
    await authorize(rig(), lost.authorization(subject.approved));
    const never = new TestPayment();
    for (const [payment, expected] of [
      [lost, { type: 'voided' }],
      [never, { type: 'rejected', code: 'nothing_to_void' }],
    ] as const) {
      const operation = payment.operation('void');
      const request = { ...operation, authorizationReference: payment.reference };
      const { outcome } = await perform(rig(), () => voidByReference(request));
      expect(outcome.type).toBe('pending');
      const asked = question(payment, payment.authorization(subject.approved), {
        kind: 'void',
        reference: operation.reference,
      });
      expect(await settled(rig(), outcome, asked)).toMatchObject(expected);
    }
    expect(await rig().effects(lost.reference, 'voided')).toHaveLength(1);
  });
}

/**
 * As the resolver does, until it is known: resend under the same key (class A), then ask (class B). Where the key replays
 * successes only (A′), the other way round, and nothing is sent again without a `not found` that counts.
 */
async function resolve(
  { rig }: Kit,
  asked: LookupRequest,
  { committed }: Ambiguous,
  resend: (connection: ProviderConnection) => Promise<OperationOutcome>,
): Promise<OperationOutcome> {
  const asksFirst = rig().provider.unknown.replays === 'successes';
  return await until(`the outcome of ${asked.reference}`, async () => {
    if (asksFirst) {
      const result = await ask(rig(), asked);
      if (result.type === 'found' && result.outcome.type !== 'unknown') return result.outcome;
      // Nobody waits here for the horizon, before which the `not found` of a committed effect would not count.
      if (result.type !== 'not_found' || committed) return undefined;
    }
    const { outcome } = await perform(rig(), resend);
    if (outcome.type !== 'unknown') return outcome;
    if (asksFirst || rig().connection.lookup === undefined) return undefined;
    const result = await ask(rig(), asked);
    return result.type === 'found' ? result.outcome : undefined;
  });
}

export function lookups(kit: Kit): void {
  const { rig, subject } = kit;

  it('finds by reference alone what was authorized, declined or never sent, if it can be asked', async () => {
    if (rig().connection.lookup === undefined) {
      expect(rig().provider.webhookIs).toBe('evidence');
      return;
    }
    const made = await authorized(kit);
    const found = await until('the search index', async () => {
      const result = await ask(rig(), question(made.payment, made.request));
      return result.type === 'found' ? result.outcome : undefined;
    });
    expect(found).toEqual(made.outcome);
    const declined = new TestPayment();
    const [decline = expect.fail('a decline')] = subject.declines;
    const request = declined.authorization(decline.card);
    const { outcome } = await authorize(rig(), request);
    const again = await until('the search index', async () => {
      const result = await ask(rig(), question(declined, request));
      return result.type === 'found' ? result.outcome : undefined;
    });
    expect(again).toEqual(outcome);
    const never = new TestPayment();
    expect(await ask(rig(), question(never, never.authorization(subject.approved)))).toEqual({
      type: 'not_found',
    });
  });

  it('counts no answer about another amount, currency or reference', async () => {
    if (rig().connection.lookup === undefined) return expect(rig().provider.webhookIs).toBe('evidence');
    const { payment, request, providerReference } = await authorized(kit);
    const other = new TestPayment();
    for (const change of [{ amountMinor: 4_201 }, { currency: 'USD' }, { reference: other.reference }]) {
      const result = await ask(rig(), question(payment, request, { providerReference, ...change }));
      expect(result).toMatchObject({ type: 'found', outcome: { type: 'unknown', cause: 'mismatch' } });
    }
  });

  it('says not found of a capture, a void and a refund that never happened, and fails where asking failed', async () => {
    if (rig().connection.lookup === undefined) return expect(rig().provider.webhookIs).toBe('evidence');
    const { payment, request, providerReference } = await authorized(kit);
    for (const kind of ['capture', 'void', 'refund'] as const) {
      const { reference } = payment.operation(kind);
      const asked = question(payment, request, { kind, reference, providerReference });
      expect(await ask(rig(), asked)).toEqual({ type: 'not_found' });
      await rig().fault({ operation: 'lookup', mode: 'status', status: 503, times: 1 });
      expect(await ask(rig(), asked)).toEqual({ type: 'failed', detail: 'http_503' });
      await rig().fault({ operation: 'lookup', mode: 'truncate', times: 1 });
      expect(await ask(rig(), asked)).toMatchObject({ type: 'failed' });
    }
  });
}
