import type { StoredRequest } from '../db/requests/index.ts';
import type { ApiKeyOwner } from '../db/settings/index.ts';
import { requestIdFor } from '../domain/ids.ts';
import { containsCardNumber } from './card-data.ts';
import { Problem, problem } from './problems.ts';
import type { Reply, Services } from './route.ts';

/** Whose key it is: a merchant's in one mode, or an operator's own. */
export type RequestOwner = Pick<ApiKeyOwner, 'merchantId' | 'mode'>;

/** A POST, named so that its repetition has the same name. */
export interface RequestName {
  readonly requestId: string;
  /** Method and concrete path. */
  readonly path: string;
  readonly idempotencyKey: string;
  readonly bodyDigest: string;
}

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

/**
 * Names a request by owner, mode, method with concrete path, and key. The digest covers the validated
 * body, so `{"amount":100,...}` with a default left out or written down is the same request.
 */
export function nameRequest(
  { merchantId, mode }: RequestOwner,
  call: {
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly concretePath: string;
  },
  validatedBody: unknown,
  { vault, cards }: Pick<Services, 'vault' | 'cards'>,
): RequestName {
  const idempotencyKey = call.headers['idempotency-key'];
  if (idempotencyKey === undefined || idempotencyKey === '') throw problem('idempotency_key_missing');
  if (!PRINTABLE_ASCII.test(idempotencyKey)) throw problem('idempotency_key_invalid');
  if (containsCardNumber(idempotencyKey, cards.isLuhnValid)) {
    throw problem('card_number_in_text', { param: 'Idempotency-Key' });
  }
  const path = `POST ${call.concretePath}`;
  return {
    requestId: requestIdFor(merchantId, mode, path, idempotencyKey),
    path,
    idempotencyKey,
    bodyDigest: vault.keyedDigest(canonicalJson(validatedBody)),
  };
}

/** Refuses a key that stands for another body. `stored` is what any earlier holder of the key left. */
export function refuseOtherBody(bodyDigest: string, stored: Pick<StoredRequest, 'bodyDigest'>): void {
  if (stored.bodyDigest !== bodyDigest) throw problem('idempotency_key_reused');
}

const REPLAYED: Readonly<Record<string, string>> = { 'Idempotent-Replayed': 'true' };

/** Marks an answer as one that an earlier request had already, be it a success or a problem. */
export function replayed(respond: () => Reply): Reply {
  try {
    const reply = respond();
    return { ...reply, headers: { ...reply.headers, ...REPLAYED } };
  } catch (error) {
    throw error instanceof Problem ? error.withHeaders(REPLAYED) : error;
  }
}

/** JSON with members in code unit order and absent ones left out: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
