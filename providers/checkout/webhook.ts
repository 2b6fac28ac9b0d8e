import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { paymentIdOfReference } from '../../domain/ids.ts';
import type { WebhookEvent, WebhookInput, WebhookVerdict, WebhookVerifier } from '../provider.ts';
import { safeCode } from '../safe-text.ts';
import { claimOf } from './claims.ts';
import { webhookSecrets } from './config.ts';

const SIGNATURE = /^[0-9a-fA-F]{64}$/;

const eventSchema = z.object({
  id: z.string().min(1),
  type: z.string().min(1),
  data: z.record(z.string(), z.unknown()),
});

const dataSchema = z.object({
  id: z.string().optional().catch(undefined),
  action_id: z.string().optional().catch(undefined),
  reference: z.string().optional().catch(undefined),
  amount: z.number().int().optional().catch(undefined),
  currency: z.string().catch(''),
});

/**
 * Verifies `Cko-Signature`, an HMAC-SHA256 of the raw body in hexadecimal, under the key of the workflow's webhook action.
 * It covers no time, and a delivery is tried for more than a day: an old event that comes again is known by its id.
 */
export const checkoutWebhook: WebhookVerifier = {
  verify(input: WebhookInput): WebhookVerdict {
    const secrets = webhookSecrets.safeParse(input.secrets);
    const header = Object.entries(input.headers).find(
      ([name]) => name.toLowerCase() === 'cko-signature',
    )?.[1];
    if (!secrets.success || header === undefined || !SIGNATURE.test(header)) return refused('bad_signature');
    const { webhookSecret, webhookSecretPrevious } = secrets.data;
    const keys = [webhookSecret, webhookSecretPrevious].filter((key) => key !== undefined);
    const given = Buffer.from(header, 'hex');
    const isOurs = keys.some((key) =>
      timingSafeEqual(given, createHmac('sha256', key).update(input.rawBody).digest()),
    );
    if (!isOurs) return refused('bad_signature');
    const event = parse(input.rawBody);
    if (event === undefined) return refused('malformed');
    // Reports and accounts have events too; they concern no payment, and there is nobody to read a letter.
    return { type: 'verified', events: event.type.startsWith('payment_') ? [normalise(event)] : [] };
  },
};

function refused(reason: 'malformed' | 'bad_signature'): WebhookVerdict {
  return { type: 'refused', reason };
}

function parse(body: Uint8Array): z.infer<typeof eventSchema> | undefined {
  try {
    return eventSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * Events about an action of ours carry its reference and are known by its id; all others by the payment's. So is an action
 * that isn't ours, such as a refund made in the dashboard: by its own id nobody would find the payment that it concerns.
 */
const OF_AN_ACTION = /^payment_(captured?|capture_\w+|voided|void_\w+|refunded?|refund_\w+)$/;

function normalise({ id, type, data }: z.infer<typeof eventSchema>): WebhookEvent {
  const { id: paymentId, action_id: actionId, reference, amount, currency } = dataSchema.parse(data);
  // Another system of the same account may write what it likes there: only ours is passed on.
  const ours =
    reference !== undefined && paymentIdOfReference(reference) !== undefined ? reference : undefined;
  const claim =
    ours === undefined || paymentId === undefined
      ? undefined
      : claimOf(type, { paymentId, actionId, amount, currency }, ours);
  const providerReference = ours !== undefined && OF_AN_ACTION.test(type) ? actionId : paymentId;
  return {
    providerEventId: id,
    eventType: type,
    ...(ours === undefined ? {} : { reference: ours }),
    ...(providerReference === undefined ? {} : { providerReference }),
    ...(claim === undefined ? {} : { evidence: claim }),
    summary: {
      id: idOrNull(paymentId),
      action_id: idOrNull(actionId),
      reference: ours ?? null,
      amount: amount ?? null,
      currency: safeCode(currency, 'unrecognised'),
      response_code: codeOrNull(data.response_code),
    },
  };
}

/** Checkout.com's own ids. Allow-listed: an event's data carry names, e-mail addresses and card details too. */
function idOrNull(value: string | undefined): string | null {
  return value !== undefined && /^[a-z]{2,4}_[a-z0-9]{26}$/.test(value) ? value : null;
}

function codeOrNull(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9A-Z]{5}$/.test(value) ? value : null;
}
