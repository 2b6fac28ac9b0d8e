import { expect, it } from 'vitest';
import { answerOf } from './answered.ts';
import { planned } from './fixtures.ts';
import type { Operation, Payment } from './payment.ts';
import type { PaymentStatus } from './states.ts';

const authorized = (changes: Partial<Payment>, kinds: readonly Operation['kind'][] = []): Payment => {
  const payment = planned({ captureMethod: 'manual' });
  const attempts = payment.attempts.map((attempt) => ({
    ...attempt,
    status: 'authorized' as const,
    authorizedMinor: 1_000,
    operations: [
      ...attempt.operations,
      ...attempt.operations.flatMap((each) => kinds.map((kind) => ({ ...each, kind }))),
    ],
  }));
  return { ...payment, attempts, ...changes };
};

it.each<[string, Payment, PaymentStatus | undefined, string | undefined]>([
  ['held', authorized({ status: 'requires_capture' }), 'processing', 'authorized'],
  ['held already', authorized({ status: 'requires_capture' }), 'requires_capture', undefined],
  [
    'back after a refused capture',
    authorized({ status: 'requires_capture' }, ['capture']),
    'processing',
    undefined,
  ],
  ['captured after it was held', authorized({ status: 'succeeded' }, ['capture']), 'processing', undefined],
  ['voided after it was held', authorized({ status: 'canceled' }, ['void']), 'processing', undefined],
  [
    'captured at once',
    authorized({ status: 'succeeded', captureMethod: 'automatic' }),
    'processing',
    'succeeded',
  ],
  ['declined', { ...planned({ captureMethod: 'manual' }), status: 'failed' }, 'processing', 'failed'],
  ['under way', planned({ status: 'processing' }), undefined, undefined],
])('answers a payer once: %s', (_what, payment, fromStatus, answer) => {
  expect(answerOf(payment, fromStatus)).toBe(answer);
});

it('leaves out what a late success that is undone had authorized', () => {
  const payment = authorized({ status: 'failed' }, ['void']);
  const undone = { ...payment, attempts: payment.attempts.map((each) => ({ ...each, undoing: true })) };
  expect(answerOf(undone, 'processing')).toBe('failed');
});
