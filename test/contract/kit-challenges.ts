// Challenges: answered in each way, walked away from, canceled, reported late. The cards are the sandbox's own
// (sandbox/README.md), the same at every provider; the page is opened and answered as a browser would.
import { expect, it } from 'vitest';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { AuthorizeRequest, CardData } from '../../providers/provider.ts';
import { authorize, type Kit, question } from './parts.ts';
import { ask, type Performed, perform, type Rig, TestPayment, until } from './rig.ts';

function card(number: string): CardData {
  return { number, expMonth: 3, expYear: 2030, cvc: '737', holderName: 'Ada Lovelace' };
}

export const CARDS = {
  frictionless: card('4000000003000017'),
  attempted: card('4000000003000025'),
  rejected: card('4000000003000033'),
  unavailable: card('4000000003000041'),
  softDecline: card('4000000003000058'),
  failed: card('4000000003000066'),
  challenged: card('4000000003000082'),
  mastercard: card('5200000003000087'),
  browserFirst: card('4000000003000090'),
};
export const RETURN_URL = 'https://merchant.example/return?order=17';

interface Waiting {
  readonly payment: TestPayment;
  readonly request: AuthorizeRequest;
  readonly outcome: Extract<OperationOutcome, { type: 'requires_action' }>;
  readonly url: string;
}

/** A payment that waits for the payer, and the page that they are sent to. */
export async function waiting(
  rig: Rig,
  payer: CardData,
  change: Partial<AuthorizeRequest> = {},
): Promise<Waiting> {
  const payment = new TestPayment();
  const request = payment.authorization(payer, { returnUrl: RETURN_URL, ...change });
  const { outcome } = await authorize(rig, request);
  if (outcome.type !== 'requires_action') return expect.fail(JSON.stringify(outcome));
  const url = outcome.nextAction?.url ?? expect.fail('nowhere to go');
  return { payment, request, outcome, url };
}

/** Opens the page as a browser does, and presses a button. Answers where the browser is sent. */
export async function press(url: string, button: 'approve' | 'fail' | 'cancel'): Promise<URL> {
  const page = await fetch(url);
  expect(page.status, await page.clone().text()).toBe(200);
  const action = /<form method="post" action="([^"]+)"/.exec(await page.text())?.[1] ?? expect.fail('a form');
  const body = new URLSearchParams({ outcome: button });
  const back = await fetch(new URL(action, page.url), { method: 'POST', body, redirect: 'manual' });
  expect(back.status).toBe(303);
  const to = new URL(back.headers.get('location') ?? expect.fail('nowhere'));
  expect(to.href).toContain(RETURN_URL);
  return to;
}

async function goOn(rig: Rig, { payment, request }: Waiting, back: URL): Promise<Performed> {
  const returned = Object.fromEntries(back.searchParams);
  const { amountMinor, currency } = request;
  const operation = { ...payment.operation('authorize'), amountMinor, currency, returned };
  return await perform(rig, (to) => to.completeAction?.(operation) ?? expect.fail('goes on by itself'));
}

/** What the provider says once the browser is back: asked, or given what it brought. */
export async function afterReturn(rig: Rig, waited: Waiting, back: URL): Promise<OperationOutcome> {
  if (rig.connection.completeAction !== undefined) return (await goOn(rig, waited, back)).outcome;
  return await asked(rig, waited);
}

/**
 * An authorization without a challenge. Some providers know its end only once the payer's browser has been to their
 * page, and was sent back from there at once.
 */
export async function withoutFriction(rig: Rig, payer: CardData, change: Partial<AuthorizeRequest> = {}) {
  const payment = new TestPayment();
  const request = payment.authorization(payer, { returnUrl: RETURN_URL, ...change });
  const { outcome } = await authorize(rig, request);
  const url = outcome.type === 'requires_action' ? outcome.nextAction?.url : undefined;
  if (outcome.type !== 'requires_action' || url === undefined) return { payment, outcome };
  const back = await fetch(url, { redirect: 'manual' });
  const to = new URL(back.headers.get('location') ?? expect.fail('nowhere'));
  expect(to.href).toContain(RETURN_URL);
  return { payment, outcome: await afterReturn(rig, { payment, request, outcome, url }, to) };
}

async function asked(rig: Rig, { payment, request, outcome }: Waiting): Promise<OperationOutcome> {
  const { providerReference = expect.fail('a reference') } = outcome;
  const result = await ask(rig, question(payment, request, { providerReference }));
  return result.type === 'found' ? result.outcome : expect.fail(JSON.stringify(result));
}

/** How it ended although no browser came back: by asking, or by webhook. */
export async function withoutReturn(rig: Rig, waited: Waiting): Promise<OperationOutcome> {
  return await until('an end without a return', async () => {
    if (rig.connection.lookup !== undefined) {
      const outcome = await asked(rig, waited);
      return outcome.type === 'requires_action' ? undefined : outcome;
    }
    const told = rig.events().find(({ reference }) => reference === waited.payment.reference);
    return told?.evidence?.outcome;
  });
}

const DECIDED: readonly [
  'approve' | 'fail' | 'cancel',
  { type: string; decline?: object; authentication: object },
][] = [
  [
    'approve',
    {
      type: 'authorized',
      authentication: {
        flow: 'challenge',
        transStatus: 'Y',
        eci: '05',
        version: '2.2.0',
        liabilityShift: true,
      },
    },
  ],
  [
    'fail',
    {
      type: 'declined',
      decline: { reason: 'authentication_failed' },
      authentication: { flow: 'challenge', transStatus: 'N', liabilityShift: false },
    },
  ],
  [
    'cancel',
    {
      type: 'declined',
      decline: { reason: 'authentication_failed' },
      authentication: { flow: 'challenge', transStatus: 'N', challengeCancel: '01' },
    },
  ],
];

function asTold(
  { authentication, ...rest }: (typeof DECIDED)[number][1],
  untold: readonly string[] = [],
): object {
  const told = Object.entries(authentication).filter(([name]) => !untold.includes(name));
  return { ...rest, authentication: Object.fromEntries(told) };
}

export function challenges({ rig, subject }: Kit): void {
  it.each(DECIDED)('a payer who presses %s', async (button, expected) => {
    const waited = await waiting(rig(), CARDS.challenged);
    const back = await press(waited.url, button);
    expect(await afterReturn(rig(), waited, back)).toMatchObject(asTold(expected, subject.untold));
    const approved = button === 'approve';
    const { reference } = waited.payment;
    expect(await rig().effects(reference, 'authorized')).toHaveLength(approved ? 1 : 0);
    expect(await rig().effects(reference, 'declined')).toHaveLength(approved ? 0 : 1);
  });

  it('a payer who closes the page has ten minutes; one whose browser never gets there, thirty seconds', async () => {
    // 600 s, scaled to 300 ms; the shorter wait never falls under a second.
    await rig().admin('POST', '/settings', { challengeTimeScale: 0.0005 });
    const closed = await waiting(rig(), CARDS.challenged);
    expect((await fetch(closed.url)).status).toBe(200);
    const lost = await waiting(rig(), CARDS.challenged);
    expect((await fetch(lost.url, { redirect: 'manual' })).status).toBe(303);
    for (const waited of [closed, lost]) {
      expect(await withoutReturn(rig(), waited)).toMatchObject({
        type: 'declined',
        decline: { reason: 'authentication_failed' },
        authentication: { transStatus: 'N', transStatusReason: '14' },
      });
      const late = await fetch(waited.url);
      expect(late.status).toBe(410);
      expect(await rig().effects(waited.payment.reference, 'authorized')).toEqual([]);
    }
    await rig().admin('POST', '/settings', { challengeTimeScale: 0.01 });
  });

  it('a look-up of a payment that waits says where the payer must go', async () => {
    if (rig().connection.lookup === undefined) return expect(rig().connection.completeAction).toBeDefined();
    const waited = await waiting(rig(), CARDS.challenged);
    expect(await asked(rig(), waited)).toEqual(waited.outcome);
    expect(waited.outcome.nextAction).toEqual({ type: 'redirect_to_url', url: waited.url });
    return undefined;
  });

  it('a browser that passes through without a challenge comes back frictionless', async () => {
    const waited = await waiting(rig(), CARDS.browserFirst);
    const back = await fetch(waited.url, { redirect: 'manual' });
    expect(back.status).toBe(303);
    const outcome = await afterReturn(rig(), waited, new URL(back.headers.get('location') ?? ''));
    expect(outcome).toMatchObject({
      type: 'authorized',
      authentication: { flow: 'frictionless', transStatus: 'Y' },
    });
  });

  it('canceled at the provider, a challenge can no longer be completed', async () => {
    const waited = await waiting(rig(), CARDS.challenged);
    const page = await fetch(waited.url);
    const { payment, outcome } = waited;
    const operation = payment.operation('void');
    const { providerReference } = outcome;
    await perform(rig(), (to) =>
      providerReference !== undefined
        ? to.void({ ...operation, providerReference })
        : (to.voidByReference?.({ ...operation, authorizationReference: payment.reference }) ??
          expect.fail('no way to void')),
    );
    await until('the cancellation', async () => (await rig().effects(payment.reference, 'canceled'))[0]);
    const body = new URLSearchParams({ outcome: 'approve' });
    const answer = await fetch(page.url, { method: 'POST', body, redirect: 'manual' });
    expect(answer.status).toBe(410);
    expect(await answer.text()).toContain('cancelled');
    expect(await rig().effects(payment.reference, 'authorized')).toEqual([]);
    if (rig().connection.lookup !== undefined)
      expect(await asked(rig(), waited)).toMatchObject({ type: 'voided' });
  });

  it('a result that is reported late is late for the browser too, and counts all the same', async () => {
    await rig().admin('POST', '/settings', { challengeReportDelayMs: 400 });
    const waited = await waiting(rig(), CARDS.challenged);
    const back = await press(waited.url, 'approve');
    await rig().admin('POST', '/settings', { challengeReportDelayMs: 0 });
    const early = await afterReturn(rig(), waited, back);
    expect(early.type).toBe(rig().connection.completeAction === undefined ? 'requires_action' : 'pending');
    expect(await withoutReturn(rig(), waited)).toMatchObject({
      type: 'authorized',
      authentication: { transStatus: 'Y' },
    });
    expect(await rig().effects(waited.payment.reference, 'authorized')).toHaveLength(1);
  });

  it('goes on, where it must be told to, only by what the own payment’s browser brought back, and once', async () => {
    if (rig().connection.completeAction === undefined) return;
    const mine = await waiting(rig(), CARDS.challenged);
    const other = await waiting(rig(), CARDS.challenged);
    const foreign = await press(other.url, 'approve');
    expect((await goOn(rig(), mine, foreign)).outcome).toMatchObject({
      cause: 'mismatch',
      detail: 'reference',
    });
    const nothing = await goOn(rig(), mine, new URL(RETURN_URL));
    expect(nothing.outcome).toMatchObject({ type: 'rejected', code: 'no_redirect_result' });
    expect(nothing.trace.bytesWritten).toBe(0);
    const invented = new URL(`${RETURN_URL}&redirectResult=eyJ0cmFuc1N0YXR1cyI6IlkifQ`);
    expect((await goOn(rig(), mine, invented)).outcome).toMatchObject({ type: 'rejected' });
    expect(await rig().effects(mine.payment.reference, 'authorized')).toEqual([]);
    const back = await press(mine.url, 'approve');
    const { outcome } = await goOn(rig(), mine, back);
    expect(outcome).toMatchObject({ type: 'authorized', amountMinor: 4_200 });
    const dearer = { ...mine, request: { ...mine.request, amountMinor: 4_201 } };
    expect((await goOn(rig(), dearer, back)).outcome).toMatchObject({ cause: 'mismatch', detail: 'amount' });
    expect((await goOn(rig(), mine, back)).outcome).toEqual(outcome);
    expect(await rig().effects(mine.payment.reference, 'authorized')).toHaveLength(1);
  });
}
