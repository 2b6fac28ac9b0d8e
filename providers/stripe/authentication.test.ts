import { describe, expect, it } from 'vitest';
import type { AuthorizeRequest } from '../provider.ts';
import { authenticationParameters, factsOf, nextAction, redirectOf } from './authentication.ts';

const ID = '6d0baff7-b6c4-4b0e-8e5f-48ead46e0526';

describe('what a charge tells of 3DS', () => {
  it.each([
    ['authenticated', null, { transStatus: 'Y', liabilityShift: true }],
    ['attempt_acknowledged', null, { transStatus: 'A', liabilityShift: true }],
    ['exempted', null, { transStatus: 'I', liabilityShift: false }],
    ['processing_error', 'protocol_error', { transStatus: 'U', liabilityShift: false }],
    ['not_supported', 'network_not_supported', { liabilityShift: false }],
    ['failed', null, { transStatus: 'N', liabilityShift: false }],
    ['failed', 'canceled', { transStatus: 'N', challengeCancel: '01', liabilityShift: false }],
    ['failed', 'abandoned', { transStatus: 'N', transStatusReason: '14', liabilityShift: false }],
    ['failed', 'rejected', { transStatus: 'R', liabilityShift: false }],
    ['a word of tomorrow', null, {}],
  ])('%s %s', (result, result_reason, expected) => {
    expect(factsOf({ result, result_reason })).toEqual(expected);
  });

  it('takes a payer who fails a challenge for N, whatever the reason', () => {
    const told = { result: 'failed', result_reason: 'rejected', authentication_flow: 'challenge' };
    expect(factsOf(told)).toMatchObject({ flow: 'challenge', transStatus: 'N' });
  });

  it('passes codes on verbatim, and only in their shape', () => {
    const told = {
      result: 'authenticated',
      authentication_flow: 'frictionless',
      electronic_commerce_indicator: '05',
      version: '2.2.0',
      transaction_id: ID,
    };
    const whole = { flow: 'frictionless', eci: '05', version: '2.2.0', dsTransactionId: ID };
    expect(factsOf(told)).toMatchObject(whole);
    const odd = { electronic_commerce_indicator: '4111', version: 'x', transaction_id: '4111111111111111' };
    expect(factsOf({ ...told, ...odd, authentication_flow: 'teleported' })).toEqual({
      transStatus: 'Y',
      liabilityShift: true,
    });
  });

  it('names an exemption only where it was applied', () => {
    const told = { result: 'exempted', exemption_indicator: 'low_risk' };
    expect(factsOf({ ...told, exemption_indicator_applied: true })?.exemption).toBe(
      'transaction_risk_analysis',
    );
    expect(factsOf({ ...told, exemption_indicator_applied: false })).not.toHaveProperty('exemption');
    expect(factsOf(null)).toBeUndefined();
  });
});

describe('where the payer goes', () => {
  const redirect = (url: string) =>
    redirectOf(nextAction.parse({ type: 'redirect_to_url', redirect_to_url: { url } }));
  it('is a page of the web, or nowhere', () => {
    expect(redirect('https://hooks.stripe.com/3ds')).toEqual({
      nextAction: { type: 'redirect_to_url', url: 'https://hooks.stripe.com/3ds' },
    });
    expect(redirect('javascript:alert(1)')).toEqual({});
    expect(redirectOf({ type: 'use_stripe_sdk' })).toEqual({});
    expect(redirectOf(undefined)).toEqual({});
  });
});

describe('what a request says', () => {
  const request = (change: Partial<AuthorizeRequest>) => authenticationParameters(change as AuthorizeRequest);
  it('is nothing of 3DS unless asked, and all of it when the payer is there', () => {
    expect(request({})).toEqual({ card: {} });
    expect(
      request({
        returnUrl: 'https://pay.example/return',
        authentication: { request: 'challenge' },
        storedCredential: { initiator: 'cardholder', usage: 'recurring' },
      }),
    ).toEqual({
      return_url: 'https://pay.example/return',
      setup_future_usage: 'off_session',
      card: { request_three_d_secure: 'challenge' },
    });
  });
  it('asks nobody who is not there', () => {
    const storedCredential = {
      initiator: 'merchant',
      usage: 'unscheduled',
      networkTransactionId: '7054',
    } as const;
    const change = { returnUrl: 'https://pay.example/return', authentication: { request: 'any' } } as const;
    expect(request({ ...change, storedCredential })).toEqual({
      off_session: true,
      card: { mit_exemption: { network_transaction_id: '7054' } },
    });
  });
});
