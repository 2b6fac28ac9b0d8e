/**
 * Brings a payment to every end that an authentication can have, and stores its history in
 * workflows/payment/histories/ (the files with `-3ds-`) and that of its challenge in workflows/challenge/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts record-challenges`; the README there says when.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { challengeWorkflowId, paymentWorkflowId } from '../../domain/names.ts';
import { waitFor } from '../support/harness.ts';
import { insist } from './insist.ts';
import { act, CARDS, comeBack, type Provider } from './payer.ts';
import {
  type Body,
  CHALLENGES,
  clearHistories,
  command,
  done,
  eur,
  generationOf,
  keep,
  operate,
  PATIENCE,
  pay,
  reached,
  type Studio,
  studio,
  usd,
  waiting,
} from './studio.ts';

const PROVIDERS: readonly Provider[] = ['stripe', 'adyen'];
const REPORT_DELAY_MS = 60_000;

beforeAll(() => {
  clearHistories('payment', new RegExp(`^(?!.*${CHALLENGES.source})`));
  clearHistories('challenge');
});

type Card = keyof typeof CARDS;
const payAt = (at: Studio, provider: Provider, card: Card, body: Body = {}) =>
  pay(at, (provider === 'stripe' ? usd : eur)(1_250, body), CARDS[card][provider]);

const challenged = (at: Studio, provider: Provider) => payAt(at, provider, 'challenged');
const challengeOf = (id: string, attempt = 1) => challengeWorkflowId(id, attempt);

const returnsTo = async (at: Studio, provider: Provider, id: string, attempt = 1) =>
  comeBack(await act(at.system, provider, id, 'succeeded', { attempt }));

const holds = (at: Studio, id: string, what: string, condition: string) =>
  waitFor(
    async () => (await at.system.sql(`SELECT 1 FROM ${condition} AND payment_id = $1`, [id])).length > 0,
    { ...PATIENCE, what: `${id}: ${what}` },
  );

const isAuthentication = (at: Studio, id: string, status: string) =>
  holds(at, id, status, `authentication WHERE status = '${status}'`);

describe('payers who act in time', () => {
  const at = studio({ timeScale: 0.02 });

  it.each(PROVIDERS)('challenged at %s', async (provider) => {
    const id = await challenged(at, provider);
    await keep(at, `waiting-requires-action-3ds-at-${provider}`, id, waiting('requires_action'));
    const url = await act(at.system, provider, id, 'succeeded');
    await Promise.all([comeBack(url), comeBack(url)]);
    await keep(at, `succeeded-3ds-challenged-at-${provider}`, id, done('succeeded'));
    await keep(at, `challenged-at-${provider}`, challengeOf(id), done('challenged'));
  });

  it.each(PROVIDERS)('failed at %s', async (provider) => {
    const id = await challenged(at, provider);
    await comeBack(await act(at.system, provider, id, 'failed'));
    await keep(at, `failed-3ds-failed-at-${provider}`, id, done('failed'));
    await keep(at, `failed-at-${provider}`, challengeOf(id), done('failed'));
  });

  it.each(PROVIDERS)('timed out at %s', async (provider) => {
    const id = await challenged(at, provider);
    await act(at.system, provider, id, 'timed_out');
    await keep(at, `failed-3ds-timed-out-at-${provider}`, id, done('failed'));
    await keep(at, `timed-out-at-${provider}`, challengeOf(id), done('timed_out'));
  });

  it.each(PROVIDERS)('given up at %s', async (provider) => {
    const id = await challenged(at, provider);
    await command(at, id, 'void');
    await keep(at, `canceled-3ds-given-up-at-${provider}`, id, done('canceled'));
    await keep(at, `abandoned-given-up-at-${provider}`, challengeOf(id), done('abandoned'));
  });

  it.each(PROVIDERS)('stepped up at %s', async (provider) => {
    const id = await payAt(at, provider, 'softDeclined');
    await reached(at, id, 'requires_action');
    await returnsTo(at, provider, id, 2);
    await keep(at, `succeeded-3ds-stepped-up-at-${provider}`, id, done('succeeded'));
    await keep(at, `challenged-after-step-up-at-${provider}`, challengeOf(id, 2), done('challenged'));
  });

  it('never back', async () => {
    const id = await challenged(at, 'stripe');
    await act(at.system, 'stripe', id, 'succeeded');
    await keep(at, 'succeeded-3ds-completed-without-return', id, done('succeeded'));
    await keep(at, 'completed-without-return', challengeOf(id), done('completed_without_return'));
  });

  it('given up by an operator', async () => {
    const id = await payAt(at, 'stripe', 'challenged', { capture_method: 'manual' });
    await operate(at, `payments/${id}/void`);
    await keep(at, 'canceled-3ds-given-up-by-operator', id, done('canceled'));
  });

  it.each(PROVIDERS)('sent on by the issuer’s page, at %s', async (provider) => {
    const id = await payAt(at, provider, 'frictionlessAtItsPage');
    const { body } = await at.system.request('GET', `/v1/payments/${id}`);
    await comeBack(await lastStop(body.next_action.redirect_to_url.url));
    await keep(at, `succeeded-3ds-frictionless-at-its-page-of-${provider}`, id, done('succeeded'));
    await keep(at, `frictionless-at-its-page-of-${provider}`, challengeOf(id), done('frictionless'));
  });

  it.each(PROVIDERS)('back before the issuer has reported, at %s', async (provider) => {
    const id = await challenged(at, provider);
    await comeBack(await act(at.system, provider, id, 'succeeded', { reportDelayMs: REPORT_DELAY_MS }));
    const status = provider === 'stripe' ? 'requires_action' : 'processing';
    await holds(at, id, 'returned', 'authentication WHERE returned_at IS NOT NULL');
    await keep(at, `waiting-${status.replace('_', '-')}-3ds-returned-at-${provider}`, id, waiting(status));
    await keep(at, `waiting-returned-at-${provider}`, challengeOf(id), waiting('returned'));
  });

  it('of a later generation', async () => {
    const id = await challenged(at, 'stripe');
    await at.client.workflow.getHandle(paymentWorkflowId(id, 1)).terminate('a recording');
    await returnsTo(at, 'stripe', id);
    await reached(at, id, 'succeeded');
    const generation = await generationOf(at, id);
    expect(generation).toBeGreaterThan(1);
    await keep(at, 'succeeded-3ds-in-a-later-generation', id, { ...done('succeeded'), generation });
    await keep(at, 'challenged-told-by-a-later-generation', challengeOf(id), done('challenged'));
  });

  it('of somebody else’s payment', async () => {
    const [mine, theirs] = [await challenged(at, 'adyen'), await challenged(at, 'adyen')];
    const back = await act(at.system, 'adyen', mine, 'succeeded');
    const forged = new URL(back);
    forged.search = new URL(await act(at.system, 'adyen', theirs, 'succeeded')).search;
    await comeBack(forged.href);
    await holds(
      at,
      mine,
      'a refused return',
      `operation WHERE cause LIKE 'returned_%' AND closed_at IS NOT NULL`,
    );
    await comeBack(back);
    await keep(at, 'succeeded-3ds-challenged-after-a-foreign-return', mine, done('succeeded'));
  });
});

/** Where a browser ends up that opens the page: the last of its redirects. */
async function lastStop(url: string): Promise<string> {
  for (let at = url; ; ) {
    const next = (await fetch(at, { redirect: 'manual' })).headers.get('location');
    if (next === null) return at;
    at = new URL(next, at).href;
  }
}

describe('without a challenge', () => {
  const at = studio({});
  const ANY = { three_ds: { request: 'any' } };

  it.each(PROVIDERS)('at %s', async (provider) => {
    const ends = [
      ['frictionless', ANY, 'succeeded', 'frictionless'],
      ['rejected', ANY, 'failed', 'rejected'],
      ['refusedWithoutChallenge', ANY, 'failed', 'refused-without-challenge'],
      ['unavailable', ANY, 'succeeded', 'not-performed'],
      ['exempted', {}, 'succeeded', 'exempted'],
    ] as const;
    for (const [card, body, status, name] of ends) {
      const id = await payAt(at, provider, card, body);
      await keep(at, `${status}-3ds-${name}-at-${provider}`, id, done(status));
    }
  });

  it.each(PROVIDERS)('off session, by the consent of an earlier payment, at %s', async (provider) => {
    const payment_method = await at.system.card(CARDS.challengedUnlessKept[provider]);
    const body = { amount: 1_250, currency: provider === 'stripe' ? 'USD' : 'EUR', payment_method };
    const first = await sent(at, { ...body, setup_future_usage: 'off_session' });
    await reached(at, first, 'requires_action');
    await returnsTo(at, provider, first);
    await keep(at, `succeeded-3ds-card-kept-at-${provider}`, first, done('succeeded'));
    const later = await sent(at, { ...body, off_session: true });
    await keep(at, `succeeded-3ds-off-session-at-${provider}`, later, done('succeeded'));
  });

  it('off session, where the issuer wants the payer all the same', async () => {
    const payment_method = await at.system.card(CARDS.challenged.stripe);
    const body = usd(1_250, { payment_method });
    const first = await sent(at, { ...body, setup_future_usage: 'off_session' });
    await returnsTo(at, 'stripe', first);
    await reached(at, first, 'succeeded');
    const later = await sent(at, { ...body, off_session: true });
    await keep(at, 'failed-3ds-off-session-wants-the-payer', later, done('failed'));
  });
});

const sent = ({ system }: Studio, body: Body) => insist((key) => system.pay(body, { key }));

describe('payers whose time is over, scaled', () => {
  const at = studio({ timeScale: 0.002 });

  it.each(PROVIDERS)('abandoned at %s', async (provider) => {
    const id = await challenged(at, provider);
    // Its first question is past: a history of one task alone fits any code.
    await holds(at, id, 'asked about', `inbox WHERE event_type = 'challenge.ask'`);
    await keep(
      at,
      `waiting-challenge-required-at-${provider}`,
      challengeOf(id),
      waiting('challenge_required'),
    );
    await keep(at, `failed-3ds-abandoned-at-${provider}`, id, done('failed'));
    await keep(at, `abandoned-at-${provider}`, challengeOf(id), done('abandoned'));
  });

  it('back while the intent is being canceled', async () => {
    await at.system.fault('stripe', { operation: 'void', mode: 'latency', latencyMs: 2_000, times: 1 });
    const id = await challenged(at, 'stripe');
    const url = await act(at.system, 'stripe', id, 'succeeded', { reportDelayMs: REPORT_DELAY_MS });
    await isAuthentication(at, id, 'unknown');
    await comeBack(url);
    await keep(at, 'failed-3ds-returned-while-being-canceled', id, done('failed'));
    await keep(at, 'abandoned-though-returned', challengeOf(id), done('abandoned'));
  });

  it('completed while the intent is being canceled', async () => {
    const id = await approvedTooLate(at);
    await keep(at, 'succeeded-3ds-completed-while-being-canceled', id, done('succeeded'));
    await keep(at, 'completed-without-return-late', challengeOf(id), done('completed_without_return'));
  });

  it('completed late, when the order was paid otherwise', async () => {
    const reference = { reference: 'order 17' };
    const id = await approvedTooLate(at, reference, async () => {
      await reached(at, await pay(at, usd(1_250, reference)), 'succeeded');
      await at.system.sql('UPDATE merchant SET duplicate_reference_guard = true');
    });
    await keep(at, 'canceled-3ds-paid-otherwise', id, done('canceled'));
  });

  it('waited for, while the provider does not say whether it has canceled', async () => {
    await at.system.fault('stripe', { operation: 'void', mode: 'status', status: 503 });
    const id = await challenged(at, 'stripe');
    await keep(at, 'waiting-processing-3ds-being-canceled', id, waiting('processing'));
  });
});

/** The intent's cancellation is on its way to Stripe for so long that the payer is quicker. */
async function approvedTooLate(at: Studio, body: Body = {}, meanwhile = async () => {}): Promise<string> {
  await at.system.fault('stripe', { operation: 'void', mode: 'latency', latencyMs: 2_000, times: 1 });
  const id = await payAt(at, 'stripe', 'challenged', body);
  await meanwhile();
  await isAuthentication(at, id, 'unknown');
  await act(at.system, 'stripe', id, 'succeeded');
  return id;
}

describe('a challenge whose payment never tells it', () => {
  // As short as the questions get, so that the last of the reminders is a minute away.
  const at = studio({ timeScale: 0.000_5 });

  it('leaves after its reminders', async () => {
    await at.system.fault('stripe', { operation: 'void', mode: 'status', status: 503 });
    const id = await challenged(at, 'stripe');
    await keep(at, 'waiting-unknown-being-canceled', challengeOf(id), waiting('unknown'));
    const challenge = at.client.workflow.getHandle(challengeOf(id));
    await waitFor(async () => (await challenge.describe()).status.name === 'COMPLETED', {
      what: 'its last reminder to be told',
      timeoutMs: 120_000,
    });
    await keep(at, 'unsettled-after-its-reminders', challengeOf(id), done('unsettled'));
  });
});
