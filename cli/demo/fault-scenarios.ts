import { droppedReplies } from './dropped-replies.ts';
import { describeAttempts, type Expectation } from './judge.ts';
import { type Answer, eventually, freshKey, type Merchant, type TestCard } from './merchant.ts';
import { resolvedByOperators } from './operator-scenarios.ts';
import { pay, payHastily, type Sale, sold } from './pay.ts';
import type { FaultScenario } from './stage.ts';
import { PATIENCE_MS, settled, shown, type Tried } from './tried.ts';

const VISA: TestCard = { number: '4242424242424242' };
const FAILED_OVER: Expectation['attempts'] = [
  ['stripe', 'errored'],
  ['adyen', 'captured'],
];

const repeated: FaultScenario = async ({ merchant }) => {
  const name = 'one request three times: one charge';
  const startedMs = performance.now();
  const body = { amount: 1600, currency: 'USD', payment_method: await merchant.card(VISA) };
  const key = freshKey();
  const [first, second] = await Promise.all([merchant.pay(body, { key }), merchant.pay(body, { key })]);
  const third = await merchant.pay(body, { key });
  const other = await merchant.pay({ ...body, amount: 1601 }, { key });
  const payment = shown(first.payment, name, first.errorCode);
  const problems = [second, third].flatMap((repeat) => {
    const same = repeat.payment?.id === payment.id && repeat.payment.status === payment.status;
    return same ? [] : [`a repeat was answered ${repeat.httpStatus} with another payment or status`];
  });
  if (!third.replayed) problems.push('the repeat was not marked Idempotent-Replayed');
  if (other.httpStatus !== 422) problems.push(`the key with another body was answered ${other.httpStatus}`);
  const expected: Expectation = { status: 'succeeded', captured: 1600, attempts: [['stripe', 'captured']] };
  return [{ name, expected, payment, problems, elapsedMs: performance.now() - startedMs }];
};

const refusedConnections: FaultScenario = async ({ merchant, sandboxes }) => {
  await sandboxes.fault('stripe', { mode: 'refuse' });
  const over = await pay(merchant, {
    name: 'connections refused: the other provider',
    amount: 3300,
    currency: 'USD',
    expected: { status: 'succeeded', captured: 3300, attempts: FAILED_OVER },
  });
  await sandboxes.fault('adyen', { mode: 'refuse' });
  const none = await pay(merchant, {
    name: 'both refuse: failed, nothing charged',
    amount: 3400,
    currency: 'USD',
    expected: {
      status: 'failed',
      captured: 0,
      attempts: [
        ['stripe', 'errored'],
        ['adyen', 'errored'],
      ],
      failure: 'provider_unavailable',
    },
  });
  return [over, none];
};

/** Nothing of it can have left, so the merchant takes it back, and the amount may be refunded again. */
const refundCanceled: FaultScenario = async ({ merchant, sandboxes }) => {
  const sale: Sale = { amount: 3_500, currency: 'USD' };
  const expected = { ...sold(sale), refunds: [{ amount: 900, status: 'canceled' }] };
  const paid = await pay(merchant, { name: 'refund waits for its provider: canceled', ...sale, expected });
  const startedMs = performance.now();
  await sandboxes.fault('stripe', { mode: 'refuse' });
  const { refund, errorCode } = await merchant.refund(paid.payment.id, { amount: 900 });
  if (refund === undefined)
    throw new Error(`"${paid.name}": the refund was refused (${errorCode ?? 'no error'})`);
  // While it is being tried it may be on its way: a cancel is refused then, and accepted between two tries.
  const canceled = await eventually(
    () => merchant.cancelRefund(refund.id),
    (answer) => answer.refund?.status === 'canceled',
    PATIENCE_MS,
  );
  const problems = canceled.httpStatus === 200 ? [] : [`cancel was answered ${canceled.httpStatus}`];
  await sandboxes.clearFaults();
  // The provider is back, and its first good answer closes the circuit.
  const next = await pay(merchant, {
    name: 'the provider is back',
    amount: 3_600,
    currency: 'USD',
    expected: sold({ amount: 3_600, currency: 'USD' }),
  });
  return [{ ...paid, problems, elapsedMs: paid.elapsedMs + performance.now() - startedMs }, next];
};

/**
 * A 503 may hide a charge, so the payment waits and asks again. Enough of them open the provider's circuit,
 * and the next payment begins at the other one. Once the fault is lifted, the waiting one is resolved.
 */
const unavailable: FaultScenario = async ({ merchant, sandboxes }) => {
  const startedMs = performance.now();
  const name = 'only 503 for a while: unknown, then resolved';
  const expected: Expectation = { status: 'succeeded', captured: 5500, attempts: [['stripe', 'captured']] };
  const payment_method = await merchant.card(VISA);
  await sandboxes.fault('stripe', { operation: 'any', mode: 'status', status: 503 });
  const answer = await payHastily(merchant, { amount: 5500, currency: 'USD', payment_method });
  const waiting = shown(answer.payment, name, answer.errorCode);
  const problems = waitingProblems(answer);
  const sends = await eventually(
    () => sendsOf(merchant, waiting.id),
    (count) => count >= FAILURES_THAT_OPEN,
    PATIENCE_MS,
  );
  if (sends < FAILURES_THAT_OPEN) problems.push(`the same request was sent only ${sends} times`);
  const routed = await aroundTheCircuit(merchant);
  const still = await merchant.payment(waiting.id);
  if (still.status !== 'processing') problems.push(`was ${still.status} while only 503 came`);
  await sandboxes.clearFaults();
  const payment = await settled(merchant, waiting, expected.status);
  return [{ name, expected, payment, problems, elapsedMs: performance.now() - startedMs }, routed];
};

function waitingProblems({ httpStatus, payment }: Answer): string[] {
  const asPromised = httpStatus === 202 && payment?.status === 'processing';
  return asPromised ? [] : [`was answered ${httpStatus} ${payment?.status}, expected 202 processing`];
}

/** As many bad answers in a row as open a circuit; domain/routing/circuit.ts has the number. */
const FAILURES_THAT_OPEN = 5;

async function sendsOf(merchant: Merchant, paymentId: string): Promise<number> {
  const entries = await merchant.timeline(paymentId);
  const resent = entries.filter(({ type }) => type === 'operation.resent');
  return Math.max(0, ...resent.map(({ details }) => Number(details.sends)));
}

async function aroundTheCircuit(merchant: Merchant): Promise<Tried> {
  const tried = await pay(merchant, {
    name: 'meanwhile the circuit is open: other provider',
    amount: 2700,
    currency: 'USD',
    expected: { status: 'succeeded', captured: 2700, attempts: [['adyen', 'captured']] },
  });
  const explained = (await merchant.timeline(tried.payment.id)).find(
    ({ type }) => type === 'route.explained',
  );
  const why = JSON.stringify(explained?.details ?? {});
  const problems = why.includes('"circuit":"open"')
    ? []
    : [`the route's explanation names no open circuit (${describeAttempts(tried.payment)})`];
  return { ...tried, problems };
}

/** The circuit's opening comes last: it would send later payments elsewhere. */
export const FAULT_SCENARIOS: readonly FaultScenario[] = [
  repeated,
  droppedReplies,
  refundCanceled,
  refusedConnections,
  unavailable,
  resolvedByOperators,
];
