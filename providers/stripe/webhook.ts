import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { paymentIdOfReference } from '../../domain/ids.ts';
import type { WebhookEvent, WebhookInput, WebhookVerdict, WebhookVerifier } from '../provider.ts';
import { safeCode } from '../safe-text.ts';
import { claimOf } from './claims.ts';
import { webhookSecrets } from './config.ts';
import { REFERENCE_KEY } from './mapping.ts';

/** docs.stripe.com/webhooks: the signature's own time, against replays of old events. */
const TOLERANCE_MS = 300_000;
const MAX_SIGNATURES = 16;

const eventSchema = z.object({
  id: z.string().min(1),
  object: z.literal('event'),
  type: z.string().min(1),
  livemode: z.boolean().optional(),
  data: z.object({ object: z.record(z.string(), z.unknown()) }),
});

/** Verifies `Stripe-Signature: t=…,v1=…[,v1=…]`, an HMAC-SHA256 over `t.body`. Refuses whatever it cannot read. */
export const stripeWebhook: WebhookVerifier = {
  verify(input: WebhookInput): WebhookVerdict {
    const secrets = webhookSecrets.safeParse(input.secrets);
    const header = headerOf(input, 'stripe-signature');
    if (!secrets.success || header === undefined) return refused('bad_signature');
    const { timestamp, signatures } = parseHeader(header);
    if (timestamp === undefined || signatures.length === 0) return refused('bad_signature');
    const { webhookSecret, webhookSecretPrevious } = secrets.data;
    const keys = [webhookSecret, webhookSecretPrevious].filter((key) => key !== undefined);
    if (!keys.some((key) => signedWith(key, timestamp, input.rawBody, signatures)))
      return refused('bad_signature');
    if (Math.abs(input.nowMs - Number(timestamp) * 1_000) > TOLERANCE_MS) return refused('stale');
    const event = parseEvent(input.rawBody);
    if (event === undefined) return refused('malformed');
    return { type: 'verified', events: isOfReports(event.eventType) ? [] : [event] };
  },
};

/** A report that is ready concerns no payment, and whoever ordered it asks for it: there is nobody to read a letter. */
function isOfReports(eventType: string): boolean {
  return eventType.startsWith('reporting.');
}

function refused(reason: 'malformed' | 'bad_signature' | 'stale'): WebhookVerdict {
  return { type: 'refused', reason };
}

function headerOf({ headers }: WebhookInput, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

function parseHeader(header: string): { timestamp: string | undefined; signatures: readonly string[] } {
  const pairs = header.split(',').map((pair) => pair.trim().split('=', 2));
  const timestamps = pairs.filter(([name]) => name === 't').map(([, value]) => value);
  const [timestamp] = timestamps;
  const signatures = pairs.filter(([name]) => name === 'v1').map(([, value = '']) => value);
  const wellFormed = timestamps.length === 1 && timestamp !== undefined && /^\d{1,12}$/.test(timestamp);
  return { timestamp: wellFormed ? timestamp : undefined, signatures: signatures.slice(0, MAX_SIGNATURES) };
}

function signedWith(
  key: string,
  timestamp: string,
  body: Uint8Array,
  signatures: readonly string[],
): boolean {
  const expected = createHmac('sha256', key).update(`${timestamp}.`).update(body).digest();
  // Every signature is compared, so that the time taken does not tell which one was near.
  return signatures.reduce((found, signature) => {
    const given = /^[0-9a-f]{64}$/.test(signature)
      ? Buffer.from(signature, 'hex')
      : Buffer.alloc(expected.length);
    const equal = timingSafeEqual(given, expected) && /^[0-9a-f]{64}$/.test(signature);
    return equal || found;
  }, false);
}

function parseEvent(body: Uint8Array): WebhookEvent | undefined {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8')));
    return parsed.success ? normalise(parsed.data) : undefined;
  } catch {
    return undefined;
  }
}

function normalise(event: z.infer<typeof eventSchema>): WebhookEvent {
  const { object } = event.data;
  const metadata = z.record(z.string(), z.unknown()).catch({}).parse(object.metadata);
  const reference = metadata[REFERENCE_KEY];
  const providerReference = providerReferenceOf(object);
  const claim = typeof reference === 'string' ? claimOf(event.type, object, reference) : undefined;
  return {
    providerEventId: event.id,
    eventType: event.type,
    // Another system of the same account may write what it likes there: only ours is passed on.
    ...(typeof reference === 'string' && paymentIdOfReference(reference) !== undefined ? { reference } : {}),
    ...(providerReference === undefined ? {} : { providerReference }),
    ...(claim === undefined ? {} : { evidence: claim }),
    summary: summaryOf(object, event.livemode),
  };
}

/** What the event is about, as our operations know it: a refund by its own id, all else by the intent's. */
function providerReferenceOf(object: Readonly<Record<string, unknown>>): string | undefined {
  const own = object.object === 'payment_intent' || object.object === 'refund';
  const id = own ? object.id : object.payment_intent;
  return typeof id === 'string' ? id : undefined;
}

const SUMMARY_CODES = [
  'object',
  'id',
  'status',
  'currency',
  'cancellation_reason',
  'failure_reason',
  'reason',
] as const;
const SUMMARY_AMOUNTS = [
  'amount',
  'amount_received',
  'amount_capturable',
  'amount_refunded',
  'amount_captured',
] as const;

/** Allow-listed: an event's object carries names, e-mail addresses and card details too. */
function summaryOf(
  object: Readonly<Record<string, unknown>>,
  livemode: boolean | undefined,
): WebhookEvent['summary'] {
  const codes = SUMMARY_CODES.filter((key) => typeof object[key] === 'string').map((key) => [
    key,
    safeCode(object[key], 'unrecognised'),
  ]);
  const amounts = SUMMARY_AMOUNTS.filter((key) => Number.isSafeInteger(object[key])).map((key) => [
    key,
    object[key],
  ]);
  return Object.fromEntries([...codes, ...amounts, ['livemode', livemode ?? null]]);
}
