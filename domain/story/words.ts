import { moneyOf } from '../money/words.ts';
import type { Decline, OperationOutcome, UnknownCause } from '../payment/outcome.ts';

/** Plain words for what the rows say in codes: `insufficient_funds` as a person reads it. */
export function spaced(code: string): string {
  return code.replaceAll('_', ' ');
}

/** `stripe` as its owners write it. */
export function providerName(provider: string): string {
  return provider.charAt(0).toUpperCase() + provider.slice(1);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function instantOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** Null of what has not been. */
export function instantOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : instantOf(atMs);
}

/** `14:03` of an instant, with its day where the reader could take it for another. */
export function clockOf(atMs: number): string {
  return `${instantOf(atMs).slice(0, 16).replace('T', ' ')} UTC`;
}

export function declineWords({ reason, message }: Decline): string {
  const said = spaced(reason);
  return message === '' || message.toLowerCase() === said ? said : `${said}: ${message}`;
}

const UNKNOWN_CAUSES: Readonly<Record<UnknownCause, string>> = {
  already_sent: 'it had been sent before, and what came of that is asked',
  timeout: 'no answer came in time',
  connection_lost: 'the connection broke before the answer came',
  server_error: 'the provider answered with an error of its own',
  unmapped_response: 'the answer could not be understood',
  conflict: 'the provider was still busy with the same request',
  mismatch: 'the answer spoke of another amount or reference',
  rejected_on_resend: 'asked again, the provider refused; the first try may have gone through',
  worker_lost: 'the process that asked was lost before the answer came',
};

/** Why an outcome is not known. */
export function unknownWords(cause: UnknownCause): string {
  // Rows may be of a newer release.
  return (UNKNOWN_CAUSES as Readonly<Record<string, string>>)[cause] ?? spaced(cause);
}

const PROOFS: Readonly<Record<string, string>> = {
  no_byte_sent: 'no byte of it left this machine',
  permit_revoked: 'its permit was taken back before anything was sent',
  too_late: 'its time was over before it could be sent',
  throttled: 'the provider’s rate limit turned it away before anything ran',
  not_found_confirmed: 'the provider, asked twice, knows nothing of it',
  operators_evidence: 'two people testify that the provider did not carry it out',
};

const VERBS: Readonly<Record<string, string>> = {
  authorize: 'authorize',
  sale: 'charge',
  capture: 'capture',
  void: 'void the authorization of',
  refund: 'refund',
};

/** What a provider was asked to do, e.g. `capture 12.50 EUR`. */
export function askedWords(kind: string, amountMinor: number, currency: string): string {
  return `${VERBS[kind] ?? spaced(kind)} ${moneyOf(amountMinor, currency)}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  authorize: 'authorization',
  sale: 'charge',
  void: 'void',
  capture: 'capture',
  refund: 'refund',
};

export function nounOf(kind: string): string {
  return NOUNS[kind] ?? spaced(kind);
}

/** What an outcome means, as the end of a sentence that names its provider first. */
export function outcomeWords(provider: string, kind: string, outcome: OperationOutcome): string {
  const name = providerName(provider);
  const noun = nounOf(kind);
  switch (outcome.type) {
    case 'authorized':
      return `${name} authorized ${moneyOf(outcome.amountMinor, outcome.currency)}`;
    case 'captured':
      return `${name} captured ${moneyOf(outcome.amountMinor, outcome.currency)}`;
    case 'voided':
      return `${name} released the authorization: the payer is not charged`;
    case 'refunded':
      return `${name} refunded the payer`;
    case 'pending':
      return `${name} received the ${noun} and will say later what came of it`;
    case 'requires_action':
      return `${name} wants the payer to authenticate (3-D Secure)`;
    case 'declined':
      return `${name} declined the ${noun} (${declineWords(outcome.decline)})`;
    case 'rejected':
      return `${name} refused the ${noun} (${spaced(outcome.code)}: ${outcome.message})`;
    case 'not_attempted':
      return `The ${noun} at ${name} never happened: ${PROOFS[outcome.proof] ?? spaced(outcome.proof)}`;
    case 'unknown':
      return `The outcome of the ${noun} at ${name} was unknown: ${unknownWords(outcome.cause)}`;
    default:
      return `${name} answered the ${noun}: ${spaced((outcome as { type: string }).type)}`;
  }
}

/** A key of the audit's and the cases' rows, in words: `operator:opr_x` by name. */
export function actorWords(actor: string, people: Readonly<Record<string, string>>): string {
  const id = /^operator:(.+)$/.exec(actor)?.[1] ?? (actor.startsWith('opr_') ? actor : undefined);
  if (id !== undefined) return people[id] ?? id;
  if (actor.startsWith('request:') || actor.startsWith('key:')) return 'the merchant';
  return spaced(actor);
}
