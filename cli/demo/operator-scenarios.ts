import { z } from 'zod';
import { type Desk, Refused } from '../operator/desk.ts';
import { operationsIn } from '../operator/words.ts';
import { eventually, freshKey } from './merchant.ts';
import { payHastily, type Sale, sold, until } from './pay.ts';
import type { FaultScenario, Operators, Stage } from './stage.ts';
import { PATIENCE_MS, settled, shown, type Tried } from './tried.ts';

const REASON = 'demo: asked the provider';

/**
 * Adyen authorizes, and neither an answer nor a webhook of it ever arrives. Alice finds the authorization in
 * the provider's books and proposes that it succeeded; Bob approves; the merchant captures.
 */
const resolvedByTwo: FaultScenario = async ({ merchant, sandboxes, operators }) => {
  const name = 'authorized, nobody could tell: two operators';
  const sale: Sale = { amount: 6_200, currency: 'EUR', command: 'capture' };
  const expected = sold(sale);
  const startedMs = performance.now();
  await sandboxes.webhooks('adyen', 'hold');
  const payment_method = await merchant.card({
    number: '4111111111111111',
    holder: 'SANDBOX reset_after_commit always',
  });
  const answer = await payHastily(merchant, {
    amount: sale.amount,
    currency: sale.currency,
    capture_method: 'manual',
    payment_method,
  });
  const waiting = shown(answer.payment, name, answer.errorCode);
  const problems = waiting.status === 'processing' ? [] : [`was ${waiting.status} before anybody could know`];
  const proposed = await insist(operators.alice, `payments/${waiting.id}/resolutions`, {
    operation: await unknownOf(operators.alice, waiting.id),
    outcome: 'succeeded',
    provider_reference: await inTheBooks(waiting.id, sandboxes),
    evidence: 'authorized in the books of the Adyen sandbox, same reference and amount',
    reason: REASON,
  });
  problems.push(...(await approved(operators, proposed)));
  const standing = await until(merchant, waiting, 'requires_capture');
  const captured = await merchant.command(standing.id, 'capture');
  if (captured.errorCode !== undefined) problems.push(`capture was refused: ${captured.errorCode}`);
  await sandboxes.webhooks('adyen', 'normal');
  const payment = await settled(merchant, standing, expected.status);
  return [{ name, expected, payment, problems, elapsedMs: performance.now() - startedMs }];
};

async function unknownOf(desk: Desk, paymentId: string): Promise<string | undefined> {
  const unknown = await eventually(
    async () => operationsIn((await desk.view(`payments/${paymentId}`)).body),
    (operations) => operations.some(({ status }) => status === 'unknown'),
    PATIENCE_MS,
  );
  return unknown.find(({ status }) => status === 'unknown')?.id;
}

/** Where the API cannot say in time what came of a command, the same again under the same key does nothing twice. */
async function insist(desk: Desk, path: string, body: object): Promise<unknown> {
  const key = freshKey();
  const answer = await eventually(
    () => desk.command(path, body, { key, waitSeconds: 2 }).catch(unlessUnknown),
    (reply) => reply !== undefined,
    PATIENCE_MS,
  );
  if (answer === undefined) throw new Error(`POST ${path} was not answered`);
  return answer.body;
}

function unlessUnknown(error: unknown): undefined {
  if (error instanceof Refused && error.httpStatus === 503) return undefined;
  throw error;
}

/** Where an operator would look into the provider's dashboard. */
async function inTheBooks(paymentId: string, sandboxes: Stage['sandboxes']): Promise<string | undefined> {
  const stem = paymentId.replace(/^pay_/, '');
  const effects = await sandboxes.effects();
  return effects.find(({ effect, reference }) => effect === 'authorized' && reference.includes(stem))
    ?.providerReference;
}

async function approved({ alice, bob }: Operators, proposed: unknown): Promise<string[]> {
  const { id } = z.object({ id: z.string() }).parse(proposed);
  const approve = (desk: Desk) => insist(desk, `resolutions/${id}/approve`, { reason: REASON });
  const alone = await approve(alice).then(
    () => ['alice approved what she had proposed herself'],
    () => [],
  );
  const { status } = z.object({ status: z.string() }).parse(await approve(bob));
  return status === 'approved' ? alone : [...alone, `the resolution is ${status}`];
}

/** Stripe takes a refund back after it had succeeded; two operators agree that it is given up. */
const givenUpByTwo: FaultScenario = async ({ merchant, operators }) => {
  const name = 'refund taken back: given up by two operators';
  const sale: Sale = { amount: 6_100, currency: 'USD' };
  const expected = { ...sold(sale), refunds: [{ amount: 1_100, status: 'failed' }] };
  const startedMs = performance.now();
  const payment_method = await merchant.card({ number: '4000000000005126' });
  const answer = await merchant.pay({ amount: sale.amount, currency: sale.currency, payment_method });
  const payment = await settled(merchant, shown(answer.payment, name, answer.errorCode), expected.status);
  const { refund, errorCode } = await merchant.refund(payment.id, { amount: 1_100 });
  if (refund === undefined) throw new Error(`"${name}": the refund was refused (${errorCode ?? 'no error'})`);
  await eventually(
    () => merchant.refunds(payment.id),
    ([first]) => first?.status === 'requires_review',
    PATIENCE_MS,
  );
  const proposed = await insist(operators.alice, `refunds/${refund.id}/resolutions`, {
    outcome: 'not_executed',
    evidence: 'the card is closed; the payer was credited in the shop',
    reason: REASON,
  });
  const problems = await approved(operators, proposed);
  return [{ name, expected, payment, problems, elapsedMs: performance.now() - startedMs } satisfies Tried];
};

/** At once, as they concern different providers. The first ends with an answer of Adyen's, which closes its circuit. */
export const resolvedByOperators: FaultScenario = async (stage) =>
  (await Promise.all([resolvedByTwo(stage), givenUpByTwo(stage)])).flat();
