import type { Expectation, ExpectedRefund } from './judge.ts';
import { eventually, freshKey, type Merchant, type RefundAnswer, type RefundBody } from './merchant.ts';
import { pay, type Sale, sold } from './pay.ts';
import { PATIENCE_MS, type Tried } from './tried.ts';

/** A payment and what is given back of it. */
export type RefundScenario = (merchant: Merchant) => Promise<Tried>;

/** One request for a refund, and what must come of it: a refund, or the rule that forbids it. */
type Step =
  | { readonly body: RefundBody; readonly becomes: ExpectedRefund }
  | { readonly body: RefundBody; readonly refused: string };

const PENDING_CARD = '4000000000007726';

function made(amount: number, body: RefundBody = { amount }): Step {
  return { body, becomes: { amount, status: 'succeeded' } };
}

/** Pays, then refunds step by step. */
function refunding(
  name: string,
  sale: Sale,
  steps: readonly Step[],
  end: Partial<Expectation> = {},
): RefundScenario {
  const refunds = steps.flatMap((step) => ('becomes' in step ? [step.becomes] : []));
  const expected: Expectation = { ...sold(sale), refunds, ...end };
  return async (merchant) => {
    const paid = await pay(merchant, { name, ...sale, expected });
    const startedMs = performance.now();
    const problems: string[] = [];
    for (const step of steps) {
      const answer = await merchant.refund(paid.payment.id, step.body);
      problems.push(
        ...('becomes' in step ? await ended(merchant, answer, step.becomes) : refusal(answer, step.refused)),
      );
    }
    const elapsedMs = paid.elapsedMs + performance.now() - startedMs;
    return { ...paid, problems: [...paid.problems, ...problems], elapsedMs };
  };
}

function refusal({ httpStatus, errorCode }: RefundAnswer, code: string): string[] {
  const asExpected = httpStatus === 409 && errorCode === code;
  return asExpected ? [] : [`was answered ${httpStatus} ${errorCode ?? ''}, expected 409 ${code}`];
}

/** What is pending when it is answered is settled by the provider later. */
export async function ended(
  merchant: Merchant,
  { refund, httpStatus, errorCode }: RefundAnswer,
  expected: ExpectedRefund,
): Promise<string[]> {
  if (refund === undefined) return [`the refund was answered ${httpStatus} ${errorCode ?? ''}`];
  const { payment, id } = refund;
  const last = await eventually(
    async () => (await merchant.refunds(payment)).find((each) => each.id === id),
    (each) => each?.status === expected.status,
    PATIENCE_MS,
  );
  return last?.status === expected.status ? [] : [`${id} is ${last?.status}, expected ${expected.status}`];
}

/** Sold, then five refunds of a quarter at once: what may be refunded is reserved first, by each. */
const tooManyAtOnce: RefundScenario = async (merchant) => {
  const sale: Sale = { amount: 4_000, currency: 'USD' };
  const quarter: ExpectedRefund = { amount: 1_000, status: 'succeeded' };
  const expected = { ...sold(sale), refunds: Array.from({ length: 4 }, () => quarter) };
  const paid = await pay(merchant, { name: 'five refunds of a quarter at once: four', ...sale, expected });
  const startedMs = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => merchant.refund(paid.payment.id, { amount: 1_000 })),
  );
  const refused = answers.filter(({ httpStatus }) => httpStatus === 409);
  const problems = refused.length === 1 ? [] : [`${refused.length} were refused, expected 1`];
  for (const answer of answers) {
    if (answer.refund !== undefined) problems.push(...(await ended(merchant, answer, quarter)));
  }
  return { ...paid, problems, elapsedMs: paid.elapsedMs + performance.now() - startedMs };
};

const repeatedRefund: RefundScenario = async (merchant) => {
  const sale: Sale = { amount: 1_800, currency: 'USD' };
  const refund: ExpectedRefund = { amount: 700, status: 'succeeded' };
  const expected = { ...sold(sale), refunds: [refund] };
  const paid = await pay(merchant, { name: 'one refund request three times: one refund', ...sale, expected });
  const startedMs = performance.now();
  const key = freshKey();
  const send = () => merchant.refund(paid.payment.id, { amount: 700 }, { key });
  const [first, second] = await Promise.all([send(), send()]);
  const third = await send();
  const problems = await ended(merchant, first, refund);
  if (new Set([first, second, third].map((answer) => answer.refund?.id)).size !== 1) {
    problems.push('a repeat was answered with another refund');
  }
  if (!third.replayed) problems.push('the repeat was not marked Idempotent-Replayed');
  return { ...paid, problems, elapsedMs: paid.elapsedMs + performance.now() - startedMs };
};

export const REFUND_SCENARIOS: readonly RefundScenario[] = [
  refunding('refunded in full', { amount: 2_300, currency: 'USD' }, [made(2_300, {})]),
  refunding('refunded in part', { amount: 2_400, currency: 'USD' }, [made(800)]),
  refunding('refunded in three parts', { amount: 3_000, currency: 'USD' }, [
    made(500),
    made(1_200),
    made(1_300, {}),
  ]),
  refunding('refund pending first, then made', { amount: 1_700, currency: 'USD', number: PENDING_CARD }, [
    made(1_700),
  ]),
  refunding('refunded in full (settled by webhook)', { amount: 2_600, currency: 'EUR' }, [made(2_600, {})]),
  refunding('refunded twice in part (settled by webhook)', { amount: 2_800, currency: 'EUR' }, [
    made(900),
    made(1_000),
  ]),
  repeatedRefund,
  tooManyAtOnce,
  refunding('refund of more than was captured: refused', { amount: 1_400, currency: 'USD' }, [
    { body: { amount: 1_401 }, refused: 'amount_too_large' },
  ]),
  refunding('refund in another currency: refused', { amount: 1_500, currency: 'USD' }, [
    { body: { amount: 100, currency: 'EUR' }, refused: 'currency_mismatch' },
  ]),
  refunding('refund of a voided payment: refused', { amount: 1_900, currency: 'USD', command: 'void' }, [
    { body: {}, refused: 'nothing_to_refund' },
  ]),
];
