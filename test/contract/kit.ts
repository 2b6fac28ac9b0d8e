// The contract that every provider x simulator keeps. A provider passes by what it does, not by what it
// says of itself: the simulator's journal, written before each answer, is the judge of what money moved.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MAX_AMOUNT_MINOR } from '../../domain/money/money.ts';
import type { DeclineReason, OperationOutcome, UnknownCause } from '../../domain/payment/outcome.ts';
import type { AuthorizeRequest, CardData, LookupRequest } from '../../providers/provider.ts';
import {
  ask,
  type Performed,
  type PerformOptions,
  perform,
  type Rig,
  referenceFrom,
  settled,
  TestPayment,
  until,
} from './rig.ts';

export interface ContractSubject {
  readonly name: string;
  start(): Promise<Rig>;
  readonly approved: CardData;
  readonly challenged: CardData;
  readonly declines: readonly {
    readonly card: CardData;
    readonly reason: DeclineReason;
    readonly code: string;
  }[];
  /** Amounts in ISO minor units that this provider can move, in currencies with a convention of their own. */
  readonly amounts: readonly { readonly amountMinor: number; readonly currency: string }[];
  /** Amounts that it cannot move exactly. */
  readonly impossible: readonly { readonly amountMinor: number; readonly currency: string }[];
}

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

export function contractKit(subject: ContractSubject): void {
  describe(`${subject.name} keeps the provider contract`, () => {
    let rig: Rig;
    beforeAll(async () => {
      rig = await subject.start();
    });
    afterEach(async () => {
      await rig.admin('DELETE', '/faults');
      await rig.admin('POST', '/webhooks', { mode: 'normal' });
    });
    afterAll(async () => {
      await rig.close();
    });
    const kit = { subject, rig: () => rig };
    payments(kit);
    idempotency(kit);
    ambiguity(kit);
    lookups(kit);
    webhooks(kit);
    amounts(kit);
    it('has said nothing of a card anywhere', () => {
      expect(rig.outcomes.length).toBeGreaterThan(20);
      const said = JSON.stringify(rig.outcomes);
      const told = JSON.stringify(rig.events());
      for (const { number, cvc } of [
        subject.approved,
        subject.challenged,
        ...subject.declines.map(({ card }) => card),
      ]) {
        expect(said).not.toContain(number);
        expect(told).not.toContain(number);
        expect(said).not.toContain(`"${cvc}"`);
      }
      expect(said).not.toMatch(/"(cvc|number)":/);
    });
  });
}

interface Kit {
  readonly subject: ContractSubject;
  readonly rig: () => Rig;
}

async function authorize(rig: Rig, request: AuthorizeRequest, options?: PerformOptions): Promise<Performed> {
  return await perform(rig, (connection) => connection.authorize(request), options);
}

function question(
  payment: TestPayment,
  request: AuthorizeRequest,
  change: Partial<LookupRequest> = {},
): LookupRequest {
  const { amountMinor, currency, reference } = request;
  return {
    kind: 'authorize',
    reference,
    authorizationReference: payment.reference,
    amountMinor,
    currency,
    ...change,
  };
}

/** An authorized payment, with the reference to go on with. */
async function authorized(kit: Kit, change: Partial<AuthorizeRequest> = {}) {
  const payment = new TestPayment();
  const request = payment.authorization(kit.subject.approved, change);
  const { outcome } = await authorize(kit.rig(), request);
  return { payment, request, outcome, providerReference: referenceFrom(outcome) };
}

async function capture(
  rig: Rig,
  made: Awaited<ReturnType<typeof authorized>>,
  amountMinor: number,
  finalCapture = true,
) {
  const { payment, request, providerReference } = made;
  const { currency } = request;
  const operation = payment.operation('capture');
  const { outcome } = await perform(rig, (connection) =>
    connection.capture({ ...operation, providerReference, amountMinor, currency, finalCapture }),
  );
  const asked = question(payment, request, {
    kind: 'capture',
    reference: operation.reference,
    providerReference,
    amountMinor,
  });
  return await settled(rig, outcome, asked);
}

function payments(kit: Kit): void {
  const { rig, subject } = kit;

  it('authorizes, and captures in full', async () => {
    const made = await authorized(kit);
    expect(made.outcome).toMatchObject({ type: 'authorized', amountMinor: 4_200, currency: 'EUR' });
    expect(await capture(rig(), made, 4_200)).toMatchObject({
      type: 'captured',
      amountMinor: 4_200,
      currency: 'EUR',
    });
    expect(await rig().effects(made.payment.reference, 'captured')).toMatchObject([
      { amountMinor: 4_200, currency: 'EUR' },
    ]);
  });

  it('captures automatically: in one call where it declares a sale, else by a capture of our own', async () => {
    const sale = rig().provider.automaticCapture === 'sale';
    const made = await authorized(kit, { captureMethod: sale ? 'automatic' : 'manual' });
    const outcome = sale ? made.outcome : await capture(rig(), made, 4_200);
    expect(outcome).toMatchObject({ type: 'captured', amountMinor: 4_200 });
    expect(await rig().effects(made.payment.reference, 'captured')).toHaveLength(1);
  });

  it('captures a part', async () => {
    const made = await authorized(kit);
    expect(await capture(rig(), made, 1_700)).toMatchObject({ type: 'captured', amountMinor: 1_700 });
    expect(await rig().effects(made.payment.reference, 'captured')).toMatchObject([{ amountMinor: 1_700 }]);
  });

  it('captures several times where it declares that it can', async () => {
    const several = rig().provider.multipleCaptures;
    const made = await authorized(kit, { multipleCaptures: several });
    expect(await capture(rig(), made, 1_000, !several)).toMatchObject({
      type: 'captured',
      amountMinor: 1_000,
    });
    if (several)
      expect(await capture(rig(), made, 2_000)).toMatchObject({ type: 'captured', amountMinor: 2_000 });
    const effects = await rig().effects(made.payment.reference, 'captured');
    expect(effects.map(({ amountMinor }) => amountMinor)).toEqual(several ? [1_000, 2_000] : [1_000]);
  });

  it('does not capture more than was authorized', async () => {
    const made = await authorized(kit);
    const outcome = await capture(rig(), made, 4_201);
    expect(outcome).toMatchObject({ type: 'rejected' });
    expect(await rig().effects(made.payment.reference, 'captured')).toEqual([]);
  });

  it('voids an authorization', async () => {
    const { payment, request, providerReference } = await authorized(kit);
    const operation = payment.operation('void');
    const { outcome } = await perform(rig(), (connection) =>
      connection.void({ ...operation, providerReference }),
    );
    const asked = question(payment, request, {
      kind: 'void',
      reference: operation.reference,
      providerReference,
    });
    expect(await settled(rig(), outcome, asked)).toMatchObject({ type: 'voided', providerReference });
    expect(await rig().effects(payment.reference, 'voided')).toHaveLength(1);
  });

  it('refuses to void what was captured', async () => {
    const made = await authorized(kit);
    await capture(rig(), made, 4_200);
    const operation = made.payment.operation('void');
    const { providerReference } = made;
    const { outcome } = await perform(rig(), (connection) =>
      connection.void({ ...operation, providerReference }),
    );
    const asked = question(made.payment, made.request, {
      kind: 'void',
      reference: operation.reference,
      providerReference,
    });
    expect(await settled(rig(), outcome, asked)).toMatchObject({ type: 'rejected' });
    expect(await rig().effects(made.payment.reference, 'voided')).toEqual([]);
  });

  it('refunds a part of what was captured', async () => {
    const made = await authorized(kit);
    await capture(rig(), made, 4_200);
    const { payment, request, providerReference } = made;
    const operation = payment.operation('refund');
    const refund = { ...operation, providerReference, amountMinor: 900, currency: 'EUR' };
    const { outcome } = await perform(
      rig(),
      ({ refund: send }) => send?.(refund) ?? expect.fail('no refunds'),
    );
    const asked = question(payment, request, {
      kind: 'refund',
      reference: operation.reference,
      providerReference,
      amountMinor: 900,
    });
    expect(await settled(rig(), outcome, asked)).toMatchObject({ type: 'refunded', amountMinor: 900 });
    expect(await rig().effects(payment.reference, 'refunded')).toMatchObject([{ amountMinor: 900 }]);
  });

  it.each(subject.declines)('declines with $reason ($code)', async ({ card, reason, code }) => {
    const payment = new TestPayment();
    const { outcome } = await authorize(rig(), payment.authorization(card));
    expect(outcome).toMatchObject({ type: 'declined', decline: { reason, providerCode: code } });
    expect(await rig().effects(payment.reference, 'authorized')).toEqual([]);
  });

  it('asks for authentication, and can be voided from there', async () => {
    const payment = new TestPayment();
    const request = payment.authorization(subject.challenged);
    const { outcome } = await authorize(rig(), request);
    if (outcome.type !== 'requires_action') return expect.fail(JSON.stringify(outcome));
    const { providerReference } = outcome;
    const operation = payment.operation('void');
    const { outcome: ended } = await perform(rig(), (connection) => {
      if (providerReference !== undefined) return connection.void({ ...operation, providerReference });
      const byReference = { ...operation, authorizationReference: payment.reference };
      return connection.voidByReference?.(byReference) ?? expect.fail('no way to void');
    });
    const asked = question(payment, request, {
      kind: 'void',
      reference: operation.reference,
      ...(providerReference === undefined ? {} : { providerReference }),
    });
    expect(await settled(rig(), ended, asked)).toMatchObject({ type: 'voided' });
    expect(await rig().effects(payment.reference, 'authorized')).toEqual([]);
    expect(await rig().effects(payment.reference, 'canceled')).toHaveLength(1);
  });

  it('keeps twenty concurrent payments apart', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => authorized(kit, { amountMinor: 1_000 + index })),
    );
    for (const [index, { payment, outcome }] of made.entries()) {
      expect(outcome).toMatchObject({ type: 'authorized', amountMinor: 1_000 + index });
      expect(await rig().effects(payment.reference, 'authorized')).toMatchObject([
        { amountMinor: 1_000 + index },
      ]);
    }
    expect(new Set(made.map(({ providerReference }) => providerReference)).size).toBe(20);
  });

  it('takes a wrong API key for a refusal before execution', async () => {
    const { provider, account } = rig();
    const stranger = provider.connect({ ...account, secrets: { ...account.secrets, apiKey: 'sk_wrong' } });
    const payment = new TestPayment();
    const request = payment.authorization(subject.approved);
    const { outcome } = await perform(rig(), () => stranger.authorize(request));
    expect(outcome).toMatchObject({ type: 'rejected' });
    const again = await perform(rig(), () => stranger.authorize({ ...request, resend: true }));
    expect(again.outcome).toMatchObject({ type: 'unknown', cause: 'rejected_on_resend' });
    expect(await rig().effects(payment.reference)).toEqual([]);
  });
}

function idempotency({ rig, subject }: Kit): void {
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
      expect(outcome).toMatchObject({ type: 'unknown', cause: 'conflict' });
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

function ambiguity(kit: Kit): void {
  const { rig, subject } = kit;

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
      expect(await resolve(kit, payment, request)).toMatchObject({ type: 'authorized', amountMinor: 4_200 });
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
    const outcome = await until('the capture', async () => {
      const { outcome: resent } = await perform(rig(), (connection) =>
        connection.capture({ ...request, resend: true }),
      );
      if (resent.type !== 'unknown') return resent;
      if (rig().connection.lookup === undefined) return undefined;
      const result = await ask(rig(), asked);
      return result.type === 'found' ? result.outcome : undefined;
    });
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
    expect(event.evidence).toBeUndefined();
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

/** As the resolver does: resend under the same key (class A), then ask (class B), until it is known. */
async function resolve(
  { rig }: Kit,
  payment: TestPayment,
  request: AuthorizeRequest,
): Promise<OperationOutcome> {
  return await until(`the outcome of ${payment.reference}`, async () => {
    const { outcome } = await authorize(rig(), { ...request, resend: true });
    if (outcome.type !== 'unknown') return outcome;
    if (rig().connection.lookup === undefined) return undefined;
    const result = await ask(rig(), question(payment, request));
    return result.type === 'found' ? result.outcome : undefined;
  });
}

function lookups(kit: Kit): void {
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

function webhooks(kit: Kit): void {
  const { rig } = kit;

  it('verifies genuine webhooks, and gives a duplicate the same event id', async () => {
    await rig().admin('POST', '/webhooks', { mode: 'duplicate', copies: 3 });
    const { payment } = await authorized(kit);
    const copies = await until('three copies', () => {
      const events = rig()
        .events()
        .filter(({ reference }) => reference === payment.reference);
      const copiesById = new Map<string, typeof events>();
      for (const event of events) {
        copiesById.set(event.providerEventId, [...(copiesById.get(event.providerEventId) ?? []), event]);
      }
      const complete = copiesById.size > 0 && [...copiesById.values()].every((same) => same.length === 3);
      return complete ? copiesById : undefined;
    });
    for (const [first, ...others] of copies.values())
      for (const other of others) expect(other).toEqual(first);
  });

  it('verifies webhooks that come late and in another order', async () => {
    await rig().admin('POST', '/webhooks', { mode: 'hold' });
    const before = rig().deliveries.length;
    const { payment } = await authorized(kit);
    await until('a held webhook', async () => {
      const { held } = (await rig().admin('GET', '/webhooks')) as { held: number };
      return held > 0 ? held : undefined;
    });
    expect(rig().deliveries).toHaveLength(before);
    await rig().admin('POST', '/webhooks/release', { order: 'reverse' });
    const event = await until('the webhook', () =>
      rig()
        .events()
        .find(({ reference }) => reference === payment.reference),
    );
    expect(event.summary).toMatchObject({ amount: 4_200 });
  });

  it('refuses a webhook that was altered, signed by another, unsigned, or is not one', async () => {
    const { payment } = await authorized(kit);
    const delivery = await until('the webhook', () =>
      rig().deliveries.find((candidate) => candidate.rawBody.includes(payment.reference)),
    );
    expect(rig().verify(delivery).type).toBe('verified');
    const text = delivery.rawBody.toString('utf8');
    for (const forged of [
      text.replace('4200', '4201'),
      text.replaceAll(payment.reference, new TestPayment().reference),
    ]) {
      expect(forged).not.toBe(text);
      const verdict = rig().verify(delivery, { rawBody: Buffer.from(forged) });
      expect(verdict).toEqual({ type: 'refused', reason: 'bad_signature' });
    }
    const { webhook } = rig().provider;
    const input = {
      rawBody: delivery.rawBody,
      headers: delivery.headers as Record<string, string>,
      nowMs: Date.now(),
    };
    const { secrets } = rig().account;
    const other = 'F00D'.repeat(16);
    const refusals = [
      webhook.verify({ ...input, secrets: { ...secrets, webhookSecret: other } }),
      webhook.verify({ ...input, secrets: {} }),
      webhook.verify({ ...input, secrets: { ...secrets, webhookSecret: '' } }),
      webhook.verify({
        ...input,
        secrets,
        headers: {},
        rawBody: Buffer.from(text.replace(/"hmacSignature":"[^"]*"/, '"x":"y"')),
      }),
      ...['', '[]', 'null', '{', '{"notificationItems":[]}', '<html>', '\u0000'].map((body) =>
        webhook.verify({ ...input, secrets, rawBody: Buffer.from(body) }),
      ),
    ];
    for (const verdict of refusals) expect(verdict.type).toBe('refused');
    const rotated = { ...secrets, webhookSecret: other, webhookSecretPrevious: secrets.webhookSecret ?? '' };
    expect(webhook.verify({ ...input, secrets: rotated }).type).toBe('verified');
  });
}

function amounts(kit: Kit): void {
  const { rig, subject } = kit;

  it.each(subject.amounts)(
    'moves exactly $amountMinor minor units of $currency',
    async ({ amountMinor, currency }) => {
      const made = await authorized(kit, { amountMinor, currency });
      expect(made.outcome).toMatchObject({ type: 'authorized', amountMinor, currency });
      expect(await rig().effects(made.payment.reference, 'authorized')).toMatchObject([
        { amountMinor, currency },
      ]);
      expect(await capture(rig(), made, amountMinor)).toMatchObject({
        type: 'captured',
        amountMinor,
        currency,
      });
      expect(await rig().effects(made.payment.reference, 'captured')).toMatchObject([
        { amountMinor, currency },
      ]);
    },
  );

  it.each(subject.impossible)('sends nothing for $amountMinor minor units of $currency', async (money) => {
    const payment = new TestPayment();
    const { outcome, trace } = await authorize(rig(), payment.authorization(subject.approved, money));
    expect(outcome).toMatchObject({ type: 'rejected', code: 'amount_not_representable' });
    expect(trace.bytesWritten).toBe(0);
    expect(await rig().arrivals(payment.reference)).toEqual([]);
  });

  it('never rounds the largest amount: it is moved exactly or refused', async () => {
    const payment = new TestPayment();
    const { outcome } = await authorize(
      rig(),
      payment.authorization(subject.approved, { amountMinor: MAX_AMOUNT_MINOR }),
    );
    const effects = await rig().effects(payment.reference, 'authorized');
    if (outcome.type === 'authorized') expect(effects).toMatchObject([{ amountMinor: MAX_AMOUNT_MINOR }]);
    else expect({ type: outcome.type, effects }).toEqual({ type: 'rejected', effects: [] });
  });
}
