import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  attemptIdFor,
  challengeWorkflowId,
  operationIdFor,
  paymentIdFor,
  paymentWorkflowId,
  refundIdFor,
  refundWorkflowId,
} from './ids.ts';
import { paymentIdIn, traceIdOf, traceUrlOf } from './trace.ts';

const PAYMENT = paymentIdFor('mer_1', 'test', 'order-1');

describe('the trace of a payment', () => {
  it('has an id that anybody can compute from the payment id', () => {
    const expected = createHash('sha256').update(`interlock/trace/${PAYMENT}`).digest('hex').slice(0, 32);
    expect(traceIdOf(PAYMENT)).toBe(expected);
    expect(traceIdOf(PAYMENT)).toMatch(/^[0-9a-f]{32}$/);
    expect(traceIdOf(paymentIdFor('mer_1', 'test', 'order-2'))).not.toBe(traceIdOf(PAYMENT));
  });

  it.each([
    ['the payment', PAYMENT],
    ['its workflow, of any generation', paymentWorkflowId(PAYMENT, 3)],
    ['a challenge', challengeWorkflowId(PAYMENT, 2)],
    ['an attempt', attemptIdFor(PAYMENT, 1)],
    ['an operation', operationIdFor(PAYMENT, 1, 'capture', 2)],
  ])('is found from %s', (_what, id) => {
    expect(paymentIdIn(id)).toBe(PAYMENT);
  });

  it.each([
    ['a refund', refundIdFor(PAYMENT, 'k')],
    ['a refund workflow', refundWorkflowId(refundIdFor(PAYMENT, 'k'), 1)],
    ['what only looks like a payment', `${PAYMENT}x`],
    ['what stands behind other words', `delivery/${PAYMENT}`],
    ['nothing', ''],
  ])('is not guessed from %s', (_what, id) => {
    expect(paymentIdIn(id)).toBeUndefined();
  });

  it('is linked to where people look at traces, if there is such a place', () => {
    expect(traceUrlOf('ab', 'https://jaeger/trace/{traceId}?x={traceId}')).toBe(
      'https://jaeger/trace/ab?x=ab',
    );
    expect(traceUrlOf('ab', undefined)).toBeUndefined();
  });
});
