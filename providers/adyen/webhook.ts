import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { paymentIdOfReference } from '../../domain/ids.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { declineFor } from '../declines.ts';
import type {
  WebhookEvent,
  WebhookEvidence,
  WebhookInput,
  WebhookVerdict,
  WebhookVerifier,
} from '../provider.ts';
import { safeCode } from '../safe-text.ts';
import { fromAdyenAmount } from './amounts.ts';
import { factsOf } from './authentication.ts';
import { webhookSecrets } from './config.ts';
import { declinedWith, networkCodes, refusalByText } from './mapping.ts';

const itemSchema = z.object({
  pspReference: z.string().min(1),
  originalReference: z.string().default(''),
  merchantAccountCode: z.string(),
  merchantReference: z.string().default(''),
  amount: z.object({ value: z.number().int(), currency: z.string() }),
  eventCode: z.string().min(1),
  eventDate: z.string().optional(),
  success: z.union([z.enum(['true', 'false']), z.boolean()]).transform((value) => String(value) === 'true'),
  reason: z.string().nullish(),
  additionalData: z.record(z.string(), z.unknown()).default({}),
});
type Item = z.infer<typeof itemSchema>;

const notificationSchema = z.object({
  live: z.union([z.string(), z.boolean()]).optional(),
  notificationItems: z
    .array(z.object({ NotificationRequestItem: itemSchema }))
    .min(1)
    .max(100),
});

/** Verifies each item's HMAC; one bad item refuses the whole. Refuses whatever it cannot read. */
export const adyenWebhook: WebhookVerifier = {
  verify(input: WebhookInput): WebhookVerdict {
    const secrets = webhookSecrets.safeParse(input.secrets);
    if (!secrets.success) return { type: 'refused', reason: 'bad_signature' };
    const notification = parse(input.rawBody);
    if (notification === undefined) return { type: 'refused', reason: 'malformed' };
    const { webhookSecret, webhookSecretPrevious } = secrets.data;
    const keys = [webhookSecret, webhookSecretPrevious].filter((key) => key !== undefined);
    const items = notification.notificationItems.map((wrapper) => wrapper.NotificationRequestItem);
    const verified = items.every((item) => keys.some((key) => signedWith(key, item)));
    if (!verified) return { type: 'refused', reason: 'bad_signature' };
    // A report that is ready concerns no payment, and days ask for theirs: there is nobody to read a letter.
    const letters = items.filter(({ eventCode }) => eventCode !== 'REPORT_AVAILABLE');
    return { type: 'verified', events: letters.map(normalise) };
  },
};

function parse(body: Uint8Array): z.infer<typeof notificationSchema> | undefined {
  try {
    return notificationSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Backslash and colon inside a field are escaped, so that two different items never sign the same string. */
function escaped(field: string | number): string {
  return String(field).replaceAll('\\', '\\\\').replaceAll(':', '\\:');
}

/** What Adyen signs of an item, in its order. Nothing else of the item is protected. */
export function signedString(item: Omit<Item, 'additionalData' | 'reason' | 'eventDate'>): string {
  const { amount, success } = item;
  const references = [
    item.pspReference,
    item.originalReference,
    item.merchantAccountCode,
    item.merchantReference,
  ];
  return [...references, amount.value, amount.currency, item.eventCode, String(success)]
    .map(escaped)
    .join(':');
}

function signedWith(hexKey: string, item: Item): boolean {
  const expected = createHmac('sha256', Buffer.from(hexKey, 'hex'))
    .update(signedString(item), 'utf8')
    .digest();
  const signature = item.additionalData.hmacSignature;
  const given = typeof signature === 'string' ? Buffer.from(signature, 'base64') : Buffer.alloc(0);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function normalise(item: Item): WebhookEvent {
  const reference = referenceOf(item);
  const evidence = evidenceOf(item, reference);
  const { amount, pspReference, eventCode, success } = item;
  return {
    providerEventId: `${pspReference}:${eventCode}:${success}`,
    eventType: eventCode,
    ...(reference === undefined ? {} : { reference }),
    providerReference: pspReference,
    ...(evidence === undefined ? {} : { evidence }),
    summary: {
      eventCode: safeCode(eventCode, 'unrecognised'),
      success,
      pspReference: pspReferenceOrNull(pspReference),
      originalReference: pspReferenceOrNull(item.originalReference),
      merchantReference: reference ?? null,
      amount: amount.value,
      currency: safeCode(amount.currency, 'unrecognised'),
      eventDate:
        item.eventDate !== undefined && /^[\d:T+.Z-]{10,35}$/.test(item.eventDate) ? item.eventDate : null,
    },
  };
}

/** Adyen's own reference: 16 letters and digits, in older payments digits only. */
function pspReferenceOrNull(value: string): string | null {
  return /^[A-Z0-9]{16}$/.test(value) ? value : null;
}

/**
 * Our reference, or undefined for an event about somebody else's payment (whose reference may be anything).
 * The operation's own reference stands outside of what is signed, so it counts only if it belongs to the
 * payment that the signed merchant reference names.
 */
function referenceOf(item: Item): string | undefined {
  const { merchantReference } = item;
  const payment = paymentIdOfReference(merchantReference);
  if (payment === undefined) return undefined;
  const own = item.additionalData.modificationMerchantReferences;
  const named = typeof own === 'string' && paymentIdOfReference(own) === payment;
  return named && item.eventCode !== 'AUTHORISATION' ? own : merchantReference;
}

interface Money {
  readonly amountMinor: number;
  readonly currency: string;
}

type Judge = (item: Item, money: Money) => OperationOutcome;

/** docs.adyen.com/development-resources/webhooks/webhook-types. An event without a row is kept, and proves nothing. */
const EVENTS: Readonly<Record<string, { readonly kind: WebhookEvidence['kind']; readonly judge: Judge }>> = {
  AUTHORISATION: {
    kind: 'authorize',
    judge: (item, money) => (item.success ? authorization(item, money) : refusal(item)),
  },
  CAPTURE: {
    kind: 'capture',
    judge: (item, money) =>
      item.success
        ? { type: 'captured', providerReference: item.pspReference, ...money }
        : rejection('capture_refused', 'Adyen did not carry the capture out.'),
  },
  CAPTURE_FAILED: { kind: 'capture', judge: (item) => reversal(item, 'CAPTURE_FAILED') },
  CANCELLATION: { kind: 'void', judge: (item) => voided(item, 'void_refused') },
  TECHNICAL_CANCEL: { kind: 'void', judge: (item) => voided(item, technicalCancelCode(item)) },
  REFUND: {
    kind: 'refund',
    judge: (item, { amountMinor }) =>
      item.success
        ? { type: 'refunded', providerReference: item.pspReference, amountMinor }
        : rejection('refund_refused', 'Adyen did not carry the refund out.'),
  },
  REFUND_FAILED: { kind: 'refund', judge: (item) => reversal(item, 'REFUND_FAILED') },
  REFUNDED_REVERSED: { kind: 'refund', judge: (item) => reversal(item, 'REFUNDED_REVERSED') },
  // What was held and not captured has gone back to the cardholder.
  EXPIRE: {
    kind: 'authorize',
    judge: (item) => ({ type: 'voided', providerReference: item.originalReference }),
  },
};

function evidenceOf(item: Item, reference: string | undefined): WebhookEvidence | undefined {
  const event = EVENTS[item.eventCode];
  const { currency } = item.amount;
  const amountMinor = fromAdyenAmount(item.amount.value, currency);
  if (event === undefined || reference === undefined || amountMinor === undefined) return undefined;
  const { kind, judge } = event;
  const outcome = judge(item, { amountMinor, currency });
  // A void concerns whatever is still held, and an expiry the rest of it: their amounts identify nothing.
  const money = kind === 'void' || item.eventCode === 'EXPIRE' ? {} : { amountMinor, currency };
  return { kind, reference, ...money, outcome };
}

function authorization(item: Item, money: Money): OperationOutcome {
  const authentication = factsOf(item.additionalData, true);
  return {
    type: 'authorized',
    providerReference: item.pspReference,
    ...money,
    ...(authentication === undefined ? {} : { authentication }),
  };
}

function refusal({ reason, additionalData, pspReference }: Item): OperationOutcome {
  const known = refusalByText(reason ?? '');
  const codes = { providerCode: known?.code ?? 'AUTHORISATION', ...networkCodes(additionalData) };
  const declined = declinedWith(known?.reason ?? 'generic_decline', codes, additionalData);
  return { ...declined, providerReference: pspReference };
}

/**
 * A cancel by reference that Adyen did not carry out proves absence only where it says that it found
 * nothing; "wrong state" is also said of an authorization that exists and was captured.
 */
function technicalCancelCode({ reason }: Item): 'nothing_to_void' | 'void_refused' {
  return /not found/i.test(reason ?? '') ? 'nothing_to_void' : 'void_refused';
}

function rejection(code: string, message: string): OperationOutcome {
  return { type: 'rejected', code, message };
}

function voided(item: Item, code: string): OperationOutcome {
  if (!item.success) return rejection(code, 'Adyen found no open authorization to cancel.');
  return {
    type: 'voided',
    ...(item.originalReference === '' ? {} : { providerReference: item.originalReference }),
  };
}

/** It had succeeded, and the scheme took it back. */
function reversal(item: Item, providerCode: string): OperationOutcome {
  const decline = declineFor('processing_error', { providerCode });
  return { type: 'declined', decline, providerReference: item.pspReference };
}
