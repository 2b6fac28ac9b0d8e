import { expect, it } from 'vitest';
import { decided, newRefund, open, REFUNDED, REFUSED, TAKEN_BACK, transition, upon } from './fixtures.ts';
import { decideRefundRetryNow } from './operate.ts';
import type { Refund } from './refund.ts';

const order = { cause: 'req_2', operator: 'opr_1', reason: 'stuck' };
const named = ({ operations }: Refund) => operations[0]?.id ?? '';

it('a refund that was taken back is sent again, for its amount is reserved still', () => {
  const succeeded = upon(newRefund(), REFUNDED);
  const back = upon(succeeded, TAKEN_BACK, named(succeeded));
  const again = transition(back, decided(decideRefundRetryNow(back, order))).refund;
  expect(open(again)).toMatchObject({ number: 2, amountMinor: 400 });
});

it('one that was made after its amount had been released, and taken back, is not sent again: others may hold it', () => {
  const released = upon(newRefund(), REFUSED);
  const late = upon(released, REFUNDED, named(released));
  const back = upon(late, TAKEN_BACK, named(late));
  expect(back).toMatchObject({ status: 'requires_review', outsideBound: true });
  expect(decideRefundRetryNow(back, order)).toMatchObject({
    type: 'refused',
    refusal: { code: 'reservation_released', status: 'requires_review' },
  });
});
