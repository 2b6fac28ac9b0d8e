// The opaque tokens of a 3DS challenge: each says which payment it belongs to, and how far it got.
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

/** What the page gives back to the merchant's return URL. */
export function redirectResult(row: PaymentRow, succeeded: boolean): string {
  return sealToken(row, { step: 'redirect', transStatus: succeeded ? 'Y' : 'N' });
}

export interface DetailsTokens {
  result: Json | undefined;
  token: Json | undefined;
}

/** What a details request proves, and which challenge it belongs to. */
export function readDetails(body: Json): DetailsTokens {
  const details = object(body.details) ?? {};
  const result = openToken(
    string(details.threeDSResult) ??
      string(details.redirectResult) ??
      string(details['threeds2.challengeResult']) ??
      string(details['threeds2.fingerprint']),
  );
  const token =
    openToken(string(body.paymentData)) ?? openToken(string(result?.authorisationToken)) ?? result;
  return { result, token };
}

/** The payment that a details request is about. */
export function challengedPayment(body: Json): string | undefined {
  return string(readDetails(body).token?.payment);
}
