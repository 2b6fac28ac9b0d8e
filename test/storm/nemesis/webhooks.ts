import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProviderName } from '../evidence-types.ts';
import { MERCHANT_ACCOUNT, PROVIDERS } from '../rig/settings.ts';
import type { Nemesis } from './context.ts';

/** Webhooks that come twice, late, in another order, never, or from somebody else. */
const FOR_MS: readonly [number, number] = [2_000, 3_500];

export async function troubleWebhooks(nemesis: Nemesis, what: string): Promise<void> {
  if (what === 'forged') return forgeWebhooks(nemesis, FORGED_AT_ONCE);
  const { rig, random, log } = nemesis;
  // A lost webhook of a provider that can't be asked is found by settlement, and there is none yet.
  const provider: ProviderName = what === 'drop' ? 'stripe' : random.pick(PROVIDERS);
  const forMs = random.int(...FOR_MS);
  const at = Date.now();
  await rig.admin(provider, 'POST', '/webhooks', modeOf(nemesis, what));
  await delay(forMs);
  const held = ((await rig.admin(provider, 'GET', '/webhooks')) as { held: number }).held;
  await rig.admin(provider, 'POST', '/webhooks', { mode: 'normal' });
  if (what === 'shuffled') await rig.admin(provider, 'POST', '/webhooks/release', { order: 'reverse' });
  await log.write({
    kind: 'webhook',
    target: `sandbox-${provider}`,
    what,
    detail: { forMs, ...(what === 'shuffled' ? { held } : {}) },
    at,
  });
}

function modeOf({ random }: Nemesis, what: string) {
  switch (what) {
    case 'duplicate':
      return { mode: 'duplicate', copies: random.int(2, 10) };
    case 'late':
      return { mode: 'late', delayMs: random.int(1_500, 4_000) };
    case 'shuffled':
      return { mode: 'hold' };
    case 'drop':
      return { mode: 'drop' };
    default:
      throw new Error(`no such trouble: ${what}`);
  }
}

const FORGED_AT_ONCE = 100;
const FORGERIES_IN_FLIGHT = 8;
const HOWS = ['no_signature', 'wrong_secret', 'stale', 'other_body', 'garbled', 'oversized'] as const;
type How = (typeof HOWS)[number];

interface Attempt {
  readonly id: string;
  readonly provider: ProviderName;
  readonly amount_minor: string;
  readonly currency: string;
}

/** As somebody would who knows our references and amounts, and not the secret. */
export async function forgeWebhooks(nemesis: Nemesis, count: number): Promise<void> {
  const { rig, log } = nemesis;
  const at = Date.now();
  const attempts = await rig.sql<Attempt & { [column: string]: unknown }>(
    `SELECT a.id, a.provider, p.amount_minor, p.currency FROM attempt a JOIN payment p ON p.id = a.payment_id
     ORDER BY a.status IN ('declined', 'errored', 'voided') DESC, p.updated_at DESC LIMIT 50`,
  );
  if (attempts.length === 0) return;
  const before = nemesis.forged.length;
  let left = count;
  const lane = async () => {
    for (; left > 0; left -= 1) {
      const how = HOWS[left % HOWS.length] as How;
      await forgeOne(nemesis, attempts[left % attempts.length] as Attempt, how);
    }
  };
  await Promise.all(Array.from({ length: FORGERIES_IN_FLIGHT }, lane));
  const answered: Record<string, number> = {};
  for (const { status } of nemesis.forged.slice(before)) answered[status] = (answered[status] ?? 0) + 1;
  await log.write({ kind: 'webhook', target: 'api', what: 'forged', detail: { count, answered }, at });
}

async function forgeOne({ rig, random, forged }: Nemesis, attempt: Attempt, how: How): Promise<void> {
  const { provider } = attempt;
  const eventId = `${provider === 'stripe' ? 'evt_' : ''}FORGED${randomBytes(5).toString('hex').toUpperCase()}`;
  const { body, headers } =
    provider === 'stripe'
      ? stripeForgery(attempt, eventId, how, rig.secrets.providers.stripe.webhookSecret)
      : adyenForgery(attempt, eventId, how, rig.secrets.providers.adyen.webhookSecret);
  const at = Date.now();
  let status = 0;
  try {
    const response = await fetch(`${random.pick(rig.apiUrls)}/v1/webhooks/${provider}/pa_demo_${provider}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      signal: AbortSignal.timeout(8_000),
    });
    status = response.status;
    await response.arrayBuffer();
  } catch {
    // The API is away, or hung up on a body that is too large: it took nothing.
  }
  forged.push({ at, provider, how, eventId, reference: attempt.id, status });
}

interface Forgery {
  readonly body: string;
  readonly headers: Record<string, string>;
}

const TOO_LARGE = 1_200_000;
const WRONG = 'whsec_somebody_else';

function stripeForgery(attempt: Attempt, eventId: string, how: How, secret: string): Forgery {
  const { id: reference, amount_minor, currency } = attempt;
  const amount = Number(amount_minor);
  const object = {
    id: `pi_${eventId}`,
    object: 'payment_intent',
    amount,
    amount_received: amount,
    currency: currency.toLowerCase(),
    status: 'succeeded',
    metadata: { reference },
    ...(how === 'oversized' ? { description: 'x'.repeat(TOO_LARGE) } : {}),
  };
  const event = { id: eventId, object: 'event', type: 'payment_intent.succeeded', data: { object } };
  const text = JSON.stringify(event);
  const now = Math.floor(Date.now() / 1_000);
  const sign = (time: number, key: string, body = text) =>
    `t=${time},v1=${createHmac('sha256', key).update(`${time}.${body}`).digest('hex')}`;
  const signatures: Record<How, string | undefined> = {
    no_signature: undefined,
    wrong_secret: sign(now, WRONG),
    // Rightly signed, and long ago: a replay of what was once overheard.
    stale: sign(now - 30 * 24 * 3_600, secret),
    other_body: sign(now, secret, text.replace(String(amount), '1')),
    garbled: `t=${now},v1=${'zz'.repeat(32)}`,
    oversized: sign(now, WRONG),
  };
  const signature = signatures[how];
  return {
    body: how === 'garbled' ? text.slice(0, text.length / 2) : text,
    headers: signature === undefined ? {} : { 'stripe-signature': signature },
  };
}

function adyenForgery(attempt: Attempt, eventId: string, how: How, secret: string): Forgery {
  const { id: reference, amount_minor, currency } = attempt;
  const item = (value: number) => ({
    amount: { value, currency },
    eventCode: 'AUTHORISATION',
    eventDate: new Date().toISOString(),
    merchantAccountCode: MERCHANT_ACCOUNT,
    merchantReference: reference,
    originalReference: '',
    pspReference: eventId,
    success: 'true',
    reason: how === 'oversized' ? 'x'.repeat(TOO_LARGE) : '',
  });
  const signed = (value: number, key: string) => {
    const fields = [eventId, '', MERCHANT_ACCOUNT, reference, value, currency, 'AUTHORISATION', 'true'];
    return createHmac('sha256', Buffer.from(key, 'hex')).update(fields.join(':')).digest('base64');
  };
  const value = Number(amount_minor);
  const other = 'AB'.repeat(32);
  const signatures: Record<How, string | undefined> = {
    no_signature: undefined,
    wrong_secret: signed(value, other),
    // Adyen's signature has no time: a replayed event is known by its reference, and proves nothing new.
    stale: signed(value, other),
    other_body: signed(value + 1, secret),
    garbled: 'not base64 at all',
    oversized: signed(value, other),
  };
  const hmacSignature = signatures[how];
  const additionalData = hmacSignature === undefined ? {} : { hmacSignature };
  const body = JSON.stringify({
    live: 'false',
    notificationItems: [{ NotificationRequestItem: { ...item(value), additionalData } }],
  });
  return { body: how === 'garbled' ? body.slice(0, body.length / 2) : body, headers: {} };
}
