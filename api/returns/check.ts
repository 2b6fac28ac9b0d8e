import type { ReturningAttempt } from '../../db/inbox/index.ts';
import { paymentIdOfReference } from '../../domain/ids.ts';

/**
 * What a browser brought back, judged before anything is kept: a payer can write anything into an address. Nothing
 * here is believed; it is only made sure that it speaks of no other payment, and of no other amount, than its address.
 */
export type Judged =
  | { readonly type: 'fits'; readonly returned: Readonly<Record<string, string>> }
  | {
      readonly type: 'refused';
      readonly code: 'malformed' | 'too_large' | 'other_payment' | 'amount_changed';
      readonly detail: string;
    };

const MAX_NAMES = 20;
const MAX_NAME_CHARACTERS = 64;
/** Adyen's redirectResult is the longest there is, about 2,000. */
const MAX_VALUE_CHARACTERS = 6_000;
const MAX_CHARACTERS = 8_000;

/** No card number with what people write around it is as long. */
const OPAQUE_CHARACTERS = 60;

/** Nobody here needs them, and who reads them can act for the payer. */
const SECRETS: readonly string[] = ['payment_intent_client_secret', 'setup_intent_client_secret'];

/** The provider's own name of what it sent back. */
const PROVIDERS_NAMES: readonly string[] = ['payment_intent'];
const AMOUNTS: readonly string[] = ['amount', 'amount_minor', 'amountMinor'];

export function judgeReturn(
  query: unknown,
  attempt: ReturningAttempt,
  holdsCardNumber: (text: string) => boolean,
): Judged {
  const members = Object.entries(query as Record<string, unknown>);
  if (members.length > MAX_NAMES) return refused('too_large', 'more parameters than any provider sends');
  let characters = 0;
  const returned: Record<string, string> = {};
  for (const [name, value] of members) {
    if (typeof value !== 'string') return refused('malformed', 'a parameter stands there twice');
    characters += name.length + value.length;
    if (name.length > MAX_NAME_CHARACTERS || value.length > MAX_VALUE_CHARACTERS)
      return refused('too_large', 'a parameter is longer than any provider sends');
    const objection = objectionTo(name, value, attempt);
    if (objection !== undefined) return objection;
    if (!SECRETS.includes(name) && !isCard(name, value, holdsCardNumber)) returned[name] = value;
  }
  if (characters > MAX_CHARACTERS) return refused('too_large', 'longer than any provider sends');
  return { type: 'fits', returned };
}

/** In a long random text a card number stands by chance: without it a provider could not go on. */
function isCard(name: string, value: string, holdsCardNumber: (text: string) => boolean): boolean {
  return holdsCardNumber(name) || (value.length < OPAQUE_CHARACTERS && holdsCardNumber(value));
}

/** The detail names the parameter and never quotes it. */
function objectionTo(name: string, value: string, attempt: ReturningAttempt): Judged | undefined {
  const said = name.replace(/[^\w.-]/g, '?');
  const named = paymentNamedBy(value);
  if (named !== undefined && named !== attempt.paymentId)
    return refused('other_payment', `${said} names another payment`);
  const { providerReference } = attempt;
  if (PROVIDERS_NAMES.includes(name) && providerReference !== undefined && value !== providerReference)
    return refused('other_payment', `${said} is not what the provider calls this payment`);
  if (AMOUNTS.includes(name) && value !== String(attempt.amountMinor))
    return refused('amount_changed', `${said} is not the amount of this payment`);
  if (name === 'currency' && value.toUpperCase() !== attempt.currency)
    return refused('amount_changed', `${said} is not the currency of this payment`);
  return undefined;
}

function paymentNamedBy(value: string): string | undefined {
  return /^pay_[a-z2-7]{26}$/.test(value) ? value : paymentIdOfReference(value);
}

function refused(code: Extract<Judged, { type: 'refused' }>['code'], detail: string): Judged {
  return { type: 'refused', code, detail };
}
