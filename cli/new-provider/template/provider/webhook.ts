import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { paymentIdOfReference } from '../../../../domain/ids.ts';
import type {
  WebhookEvent,
  WebhookInput,
  WebhookVerdict,
  WebhookVerifier,
} from '../../../../providers/provider.ts';
import { safeCode } from '../../../../providers/safe-text.ts';
import { webhookSecrets } from './config.ts';

/** The signature's own time, against replays of old events. */
const TOLERANCE_MS = 300_000;
const HEADER = 'acme-pay-signature';
const SHAPE = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

const eventSchema = z.object({
  id: z.string().min(1).max(80),
  type: z.string().min(1),
  data: z.object({
    object: z.string(),
    id: z.string().min(1).max(80),
    status: z.string(),
    reference: z.string(),
    amount: z.number().int(),
    currency: z.string(),
  }),
});

/** Verifies `Acme-Pay-Signature: t=…,v1=…`, an HMAC-SHA256 over `t.body`. Refuses whatever it cannot read. */
export const acmePayWebhook: WebhookVerifier = {
  verify(input: WebhookInput): WebhookVerdict {
    const secrets = webhookSecrets.safeParse(input.secrets);
    const [, timestamp, signature] = SHAPE.exec(headerOf(input) ?? '') ?? [];
    if (!secrets.success || timestamp === undefined || signature === undefined)
      return refused('bad_signature');
    const { webhookSecret, webhookSecretPrevious } = secrets.data;
    const keys = [webhookSecret, webhookSecretPrevious].filter((key) => key !== undefined);
    if (!keys.some((key) => signedWith(key, timestamp, input.rawBody, signature)))
      return refused('bad_signature');
    if (Math.abs(input.nowMs - Number(timestamp) * 1_000) > TOLERANCE_MS) return refused('stale');
    const event = parse(input.rawBody);
    return event === undefined ? refused('malformed') : { type: 'verified', events: [normalise(event)] };
  },
};

function refused(reason: 'malformed' | 'bad_signature' | 'stale'): WebhookVerdict {
  return { type: 'refused', reason };
}

function headerOf({ headers }: WebhookInput): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === HEADER)?.[1];
}

function signedWith(key: string, timestamp: string, body: Uint8Array, signature: string): boolean {
  const expected = createHmac('sha256', key).update(`${timestamp}.`).update(body).digest();
  return timingSafeEqual(Buffer.from(signature, 'hex'), expected);
}

function parse(body: Uint8Array): z.infer<typeof eventSchema> | undefined {
  try {
    return eventSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * Events are hints: without evidence each wakes its payment, which then asks. Where the provider cannot be asked,
 * webhooks must be evidence instead (providers/adyen/webhook.ts shows how).
 */
function normalise({ id, type, data }: z.infer<typeof eventSchema>): WebhookEvent {
  // Another system of the same account may write what it likes there: only ours is passed on.
  const ours = paymentIdOfReference(data.reference) !== undefined;
  return {
    providerEventId: id,
    eventType: type,
    ...(ours ? { reference: data.reference } : {}),
    providerReference: data.id,
    // Allow-listed: an event may carry names and e-mail addresses too.
    summary: {
      object: safeCode(data.object, 'unrecognised'),
      status: safeCode(data.status, 'unrecognised'),
      amount: data.amount,
      currency: safeCode(data.currency, 'unrecognised'),
    },
  };
}
