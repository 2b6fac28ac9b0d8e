import { describe, expect, it } from 'vitest';
import type { AuthorizeRequest } from '../provider.ts';
import { authenticationParameters, factsOf } from './authentication.ts';
import { declineOf } from './declines.ts';
import {
  type Action,
  actionOutcome,
  authorizationOutcome,
  errorOutcome,
  isUntouched,
  type Payment,
  paymentSchema,
} from './mapping.ts';

const ID = 'pay_mbabizu24mvu3mela5njyhpit4';
const XID = '6d0baff7-b6c4-4b0e-8e5f-48ead46e0526';
const expected = { reference: 'op_1', amountMinor: 4_200, currency: 'EUR' };
const action = (change: Partial<Action> = {}): Action => ({
  id: 'act_1',
  type: 'Capture',
  amount: 4_200,
  approved: true,
  response_code: '10000',
  reference: 'op_1',
  ...change,
});

describe('an operation among a payment’s actions', () => {
  it.each([
    ['carried out', action(), { type: 'captured', providerReference: 'act_1', amountMinor: 4_200 }],
    ['accepted for later', action({ response_code: '10200' }), { type: 'pending' }],
    ['not decided', action({ approved: null }), { type: 'pending' }],
    ['refused', action({ approved: false, response_code: '20068' }), { type: 'rejected', code: '20068' }],
    ['of another amount', action({ amount: 42 }), { type: 'unknown', cause: 'mismatch' }],
  ])('%s', (_name, listed, outcome) => {
    expect(actionOutcome([listed], 'capture', ID, expected)).toMatchObject(outcome);
  });
  it('is neither another’s nor of another kind', () => {
    expect(actionOutcome([action({ reference: 'op_2' })], 'capture', ID, expected)).toBeUndefined();
    expect(actionOutcome([action({ reference: null })], 'capture', ID, expected)).toBeUndefined();
    expect(actionOutcome([action({ type: 'Refund' })], 'capture', ID, expected)).toBeUndefined();
  });
  it('that is a void has no amount of its own', () => {
    const listed = action({ type: 'Void', amount: 0 });
    expect(actionOutcome([listed], 'void', ID, expected)).toEqual({ type: 'voided', providerReference: ID });
  });
});

describe('a payment that was captured in part', () => {
  const outcomeOf = (balances: object) =>
    authorizationOutcome(
      paymentSchema.parse({
        id: ID,
        status: 'Partially Captured',
        reference: 'op_1',
        amount: 4_200,
        currency: 'EUR',
        balances: { total_captured: 700, ...balances },
      }),
      expected,
    );
  const captured = { type: 'captured', providerReference: ID, amountMinor: 700, currency: 'EUR' };
  it('holds the rest where its balances say so: a final capture leaves the same status', () => {
    expect(outcomeOf({ available_to_capture: 3_500 })).toEqual({ ...captured, restHeld: true });
    expect(outcomeOf({ available_to_capture: 0 })).toEqual(captured);
    expect(outcomeOf({})).toEqual(captured);
  });
});

describe('two actions under one reference', () => {
  it('are never the first of them', () => {
    const two = [action(), action({ id: 'act_2' })];
    expect(actionOutcome(two, 'capture', ID, expected)).toEqual({
      type: 'unknown',
      cause: 'mismatch',
      detail: 'several actions',
    });
  });
});

describe('that nothing of it moved', () => {
  const payment = (total: object, status = 'Authorized'): Payment =>
    paymentSchema.parse({
      id: ID,
      status,
      balances: { total_captured: 0, total_refunded: 0, total_voided: 0, ...total },
    });
  it('is said by balances that hold what the listed actions explain, and no more', () => {
    const other = action({ reference: 'op_2', amount: 700 });
    expect(isUntouched('capture', payment({}), [])).toBe(true);
    expect(isUntouched('capture', payment({ total_captured: 700 }), [other])).toBe(true);
    expect(isUntouched('capture', payment({ total_captured: 4_900 }), [other])).toBe(false);
    expect(isUntouched('capture', payment({ total_captured: 700 }), [])).toBe(false);
    expect(isUntouched('refund', payment({ total_refunded: 700 }), [other])).toBe(false);
    expect(isUntouched('refund', payment({ total_captured: 700 }), [other])).toBe(true);
  });
  it('is not said by a payment that has ended, or that does not tell', () => {
    expect(isUntouched('void', payment({}), [])).toBe(true);
    expect(isUntouched('void', payment({ total_voided: 4_200 }), [])).toBe(false);
    expect(isUntouched('void', payment({}, 'Expired'), [])).toBe(false);
    expect(isUntouched('void', payment({}, 'Teleported'), [])).toBe(false);
    expect(isUntouched('refund', payment({ total_refunded: undefined }), [])).toBe(false);
    expect(isUntouched('capture', paymentSchema.parse({ id: ID, status: 'Authorized' }), [])).toBe(false);
  });
});

describe('a response code', () => {
  it.each([
    ['20051', 'insufficient_funds', '51'],
    ['200N7', 'incorrect_cvc', 'N7'],
    ['30041', 'lost_or_stolen', '41'],
    ['20183', 'suspected_fraud', '83'],
    ['20154', 'authentication_required', undefined],
    ['40101', 'suspected_fraud', undefined],
    ['29999', 'generic_decline', undefined],
  ])('%s is %s, and %s of the network’s', (code, reason, networkCode) => {
    const { reason: is, providerCode, networkCode: network } = declineOf(code, undefined);
    expect([is, providerCode, network]).toEqual([reason, code, networkCode]);
  });
  it('that is missing is a plain decline', () => {
    expect(declineOf(undefined, '03')).toMatchObject({ reason: 'generic_decline', adviceCode: '03' });
  });
});

it('a 429 is never taken for a refusal before execution: the key’s first request may be running', () => {
  for (const resend of [false, true]) {
    const outcome = errorOutcome({ status: 429, errorType: 'too_many_requests', errorCodes: [] }, { resend });
    expect(outcome).toMatchObject({ type: 'unknown', cause: 'conflict' });
  }
});

describe('what a payment tells of 3DS', () => {
  it('is the whole of it, with the shift of liability as the schemes have it', () => {
    const told = { authentication_response: 'Y', challenged: true, version: '2.2.0', xid: XID };
    expect(factsOf(told, '05')).toEqual({
      flow: 'challenge',
      transStatus: 'Y',
      eci: '05',
      version: '2.2.0',
      dsTransactionId: XID,
      liabilityShift: true,
    });
  });
  it('is nothing where it was not tried, and never what has not a code’s shape', () => {
    expect(factsOf(undefined, '05')).toBeUndefined();
    expect(factsOf({ exemption_applied: 'none' }, undefined)).toBeUndefined();
    const odd = { authentication_response: 'N', authentication_status_reason: '4111', xid: '<b>' };
    expect(factsOf(odd, '4111111111111111')).toEqual({ transStatus: 'N', liabilityShift: false });
  });
  it('names an exemption that was applied without it', () => {
    const told = { exemption_applied: 'transaction_risk_assessment' };
    expect(factsOf(told, undefined)).toEqual({ exemption: 'transaction_risk_analysis' });
  });
});

describe('what a request says', () => {
  const request = (change: Partial<AuthorizeRequest>) => authenticationParameters(change as AuthorizeRequest);
  it('of 3DS is as the account’s rules want it, unless asked otherwise', () => {
    expect(request({}).fields).toEqual({ '3ds': { enabled: false } });
    expect(request({ authentication: { request: 'any' } }).fields).toEqual({ '3ds': { enabled: true } });
    expect(request({ authentication: { request: 'challenge' } }).fields).toEqual({
      '3ds': { enabled: true, challenge_indicator: 'challenge_requested_mandate' },
    });
  });
  it('of a payment without the payer names the one that they were there for', () => {
    const storedCredential = {
      initiator: 'merchant',
      usage: 'recurring',
      networkTransactionId: '7054',
    } as const;
    expect(
      request({ storedCredential, authentication: { request: 'any' }, returnUrl: 'https://x.example' }),
    ).toEqual({
      fields: { payment_type: 'Recurring', merchant_initiated: true, previous_payment_id: '7054' },
      source: { stored: true },
    });
  });
});
