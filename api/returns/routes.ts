import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { RefusedReturn, ReturningAttempt } from '../../db/inbox/index.ts';
import { isWaiting } from '../../domain/authentication/states.ts';
import { attemptIdFor, RETURN_TOKEN_LENGTH, returnToken } from '../../domain/ids.ts';
import { containsCardNumber } from '../card-data.ts';
import { within } from '../deadline.ts';
import { canonicalJson } from '../idempotency.ts';
import { isPaymentId } from '../payments/find.ts';
import type { Call, Reply, Route, Services } from '../route.ts';
import { judgeReturn } from './check.ts';
import { PAGES } from './page.ts';

/**
 * Where payers' browsers come back to from a challenge. A return is a hint: it wakes the payment, which asks the
 * provider, and the browser goes on to the merchant at once, with nothing in its address that says how it ended.
 */
const paramsSchema = z.strictObject({
  payment: z.string(),
  attempt: z.string().regex(/^[1-9]\d{0,2}$/),
  token: z.string().length(RETURN_TOKEN_LENGTH),
});

/** Whoever comes back more often tells nothing new; what is kept of one attempt has to have an end. */
const MAX_RETURNS = 10;
/** The sweeper signals whatever this leaves unsignalled. */
const SIGNAL_MS = 2_000;
/** Refusals that become rows, a second. Without the token it could be anybody's flood; the rest stand in the log. */
const ROWS_A_SECOND = 10;

export function returnRoutes(): readonly Route[] {
  const books = { strangers: limiter(ROWS_A_SECOND), payers: limiter(ROWS_A_SECOND) };
  const html = (description: string) => ({ description, schema: z.string(), contentType: 'text/html' });
  return [
    {
      method: 'get',
      path: '/v1/returns/:payment/:attempt/:token',
      operationId: 'returnFromChallenge',
      summary: "Where a payer's browser comes back to; made by Interlock, never by you",
      access: 'public',
      params: paramsSchema,
      responses: {
        200: html('The merchant named no `return_url`: a page that may be closed.'),
        303: { description: 'On to the `return_url`, with `payment` added.' },
        400: html('What came back speaks of another payment or amount.'),
        404: html('No such return.'),
      },
      async run(call, services) {
        try {
          return await receive(call, services, books);
        } catch (error) {
          // A person looks at this, and can try again.
          if (!services.isUnavailable(error)) throw error;
          call.log.warn({ err: error }, 'a payer came back while the database was away');
          return PAGES.unavailable();
        }
      },
    },
  ];
}

interface Books {
  readonly strangers: () => boolean;
  readonly payers: () => boolean;
}

async function receive(call: Call, services: Services, books: Books): Promise<Reply> {
  const address = paramsSchema.safeParse(call.params);
  const known = address.success && isPaymentId(address.data.payment) ? address.data : undefined;
  const attemptId = known === undefined ? undefined : attemptIdFor(known.payment, Number(known.attempt));
  if (known === undefined || attemptId === undefined || !isToken(known.token, attemptId, services)) {
    const named = known === undefined ? {} : { paymentId: known.payment };
    const detail = 'the address is not one that Interlock made';
    await refuse(call, services, books.strangers, { ...named, code: 'wrong_token', detail });
    return PAGES.unknown();
  }
  call.note({ payment_id: known.payment });
  const attempt = await services.returns.find(known.payment, Number(known.attempt));
  if (attempt === undefined) return PAGES.unknown();
  const { isLuhnValid } = services.cards;
  const judged = judgeReturn(call.query, attempt, (text) => containsCardNumber(text, isLuhnValid));
  if (judged.type === 'refused') {
    const { code, detail } = judged;
    await refuse(call, services, books.payers, { paymentId: attempt.paymentId, code, detail });
    return PAGES.refused();
  }
  await keep(call, services, attempt, judged.returned);
  return onwards(attempt);
}

/** The token is a secret of the payer's own: compared in a time that tells nothing of it. */
function isToken(token: string, attemptId: string, { vault }: Services): boolean {
  const expected = returnToken(attemptId, vault.keyedDigest);
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
}

/** The same return twice is one letter. Once nobody is waited for any more, there is nobody to read it. */
async function keep(
  call: Call,
  services: Services,
  attempt: ReturningAttempt,
  returned: Readonly<Record<string, string>>,
): Promise<void> {
  const { paymentId, attemptId, authenticationStatus: status, returns } = attempt;
  if (status === undefined || !isWaiting(status) || returns >= MAX_RETURNS) {
    call.note({ returned: 'too_late' });
    return;
  }
  const digest = createHash('sha256').update(canonicalJson(returned)).digest('hex').slice(0, 32);
  const name = `return_${attemptId}_${digest}`;
  const isNew = await services.returns.store({ paymentId, attemptId, name, returned });
  call.note({ returned: isNew ? 'stored' : 'repeated' });
  if (isNew) await within(services.bell.ring(paymentId), SIGNAL_MS);
}

function onwards({ paymentId, returnUrl }: ReturningAttempt): Reply {
  if (returnUrl === undefined) return PAGES.received();
  const url = new URL(returnUrl);
  url.searchParams.set('payment', paymentId);
  return { status: 303, body: '', headers: { Location: url.href } };
}

async function refuse(
  call: Call,
  services: Services,
  mayWrite: () => boolean,
  refused: RefusedReturn,
): Promise<void> {
  call.log.warn({ payment: refused.paymentId, code: refused.code }, 'a return was refused');
  call.note({ returned: refused.code });
  if (mayWrite()) await services.returns.recordRefusal(refused);
}

function limiter(perSecond: number): () => boolean {
  let second = 0;
  let count = 0;
  return () => {
    const now = Math.floor(performance.now() / 1_000);
    count = now === second ? count + 1 : 1;
    second = now;
    return count <= perSecond;
  };
}
