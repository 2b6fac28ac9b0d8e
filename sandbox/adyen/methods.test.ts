import { expect, test } from 'vitest';
import { ADYEN_ACCOUNT, adyenRequest, journalOf, raw, simulator } from '../testing.ts';

test('what may be paid with is told to the account’s own key only, and moves nothing', async () => {
  const sim = await simulator('adyen');
  const asked = await adyenRequest(sim, '/paymentMethods', { merchantAccount: ADYEN_ACCOUNT });
  expect([asked.status, JSON.parse(asked.body).paymentMethods]).toMatchObject([200, [{ type: 'scheme' }]]);
  const refused: [object, number, string][] = [
    [{ merchantAccount: 'Somebody' }, 403, '901'],
    [{}, 403, '901'],
    [{ merchantAccount: ADYEN_ACCOUNT, colour: 'red' }, 400, '702'],
  ];
  for (const [body, status, errorCode] of refused) {
    const answer = await adyenRequest(sim, '/paymentMethods', body);
    expect([answer.status, JSON.parse(answer.body).errorCode]).toEqual([status, errorCode]);
  }
  const headers = { 'X-API-Key': 'wrong' };
  const body = JSON.stringify({ merchantAccount: ADYEN_ACCOUNT });
  expect((await raw(`${sim.apiUrl}/v72/paymentMethods`, { body, headers })).status).toBe(401);
  expect(await journalOf(sim)).toEqual([]);
});
