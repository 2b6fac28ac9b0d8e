import type { MerchantAnswer, MerchantLine, MerchantRequest } from '../evidence-types.ts';

/**
 * What the merchant was told, as statements: at this time, this answer said that this object is so. An error
 * that carries its payment (a decline) says so much as a success does.
 */
export interface Statement {
  readonly atMs: number;
  /** Where in the log its request and its answer stand: what was asked after an answer comes later. */
  readonly askedSeq: number;
  readonly answeredSeq: number;
  readonly id: string;
  readonly object: string;
  readonly status: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly httpStatus: number;
  readonly replayed: boolean;
  readonly request: MerchantRequest;
}

export interface Exchange {
  readonly request: MerchantRequest;
  readonly answer: MerchantAnswer;
}

export function exchangesOf(log: readonly MerchantLine[]): readonly Exchange[] {
  const requests = new Map<number, MerchantRequest>();
  const exchanges: Exchange[] = [];
  for (const line of log) {
    if (line.kind === 'request') requests.set(line.call, line);
    if (line.kind !== 'answer') continue;
    const request = requests.get(line.call);
    if (request !== undefined) exchanges.push({ request, answer: line });
  }
  return exchanges;
}

export function statementsOf(exchanges: readonly Exchange[]): readonly Statement[] {
  return exchanges.flatMap(({ request, answer }) =>
    objectsIn(answer.body).map((body) => ({
      atMs: answer.at,
      askedSeq: request.seq,
      answeredSeq: answer.seq,
      id: String(body.id),
      object: String(body.object ?? ''),
      status: String(body.status ?? ''),
      body,
      httpStatus: answer.status,
      replayed: answer.replayed,
      request,
    })),
  );
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects with an id that an answer's body speaks of: itself, a list's entries, or what its error shows. */
export function objectsIn(body: unknown): readonly Json[] {
  if (!isObject(body)) return [];
  if (Array.isArray(body.data)) return body.data.flatMap(objectsIn);
  if (isObject(body.error)) return [body.error.payment, body.error.refund].flatMap(objectsIn);
  return typeof body.id === 'string' ? [body] : [];
}

/** Neither `processing` nor an error that says "ask again": what may be relied on. */
export function isDefinite({ httpStatus, status }: Statement): boolean {
  return httpStatus < 500 && !['processing', 'pending'].includes(status);
}
