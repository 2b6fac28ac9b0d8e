// Which challenge a details request belongs to. A native challenge's tokens say how far it got; what a browser
// brings back from a redirect says nothing, and only names the challenge.
import { type ChallengeRow, challenges, returnTokens } from '../acs/challenge.ts';
import type { Store } from '../kernel.ts';
import type { PaymentRow } from './objects.ts';
import { type Json, object, string } from './request.ts';

export function sealToken(row: PaymentRow, fields: Json): string {
  const content = JSON.stringify({ payment: row.pspReference, ...fields });
  return `Ab02b4c0!${Buffer.from(content).toString('base64url')}`;
}

function openToken(token: string | undefined): Json | undefined {
  if (token === undefined) return undefined;
  try {
    return object(JSON.parse(Buffer.from(token.replace(/^Ab02b4c0!/, ''), 'base64url').toString()));
  } catch {
    return undefined;
  }
}

/** The challenge on the issuer's page from which a browser brought this back; undefined where none did. */
export function redirectedFrom(store: Pick<Store, 'get'>, body: Json): ChallengeRow | undefined {
  const token = string(object(body.details)?.redirectResult);
  const issued = token === undefined ? undefined : store.get(returnTokens, token);
  return issued === undefined ? undefined : store.get(challenges, issued.challenge);
}

/** The payment that a details request is about. */
export function challengedPayment(store: Pick<Store, 'get'>, body: Json): string | undefined {
  return redirectedFrom(store, body)?.payment ?? string(readDetails(body).token?.payment);
}

export interface DetailsTokens {
  result: Json | undefined;
  token: Json | undefined;
}

/** What a native challenge's details prove, and which payment they belong to. */
export function readDetails(body: Json): DetailsTokens {
  const details = object(body.details) ?? {};
  const result = openToken(
    string(details.threeDSResult) ??
      string(details['threeds2.challengeResult']) ??
      string(details['threeds2.fingerprint']),
  );
  const token =
    openToken(string(body.paymentData)) ?? openToken(string(result?.authorisationToken)) ?? result;
  return { result, token };
}
