import { describe, expect, it } from 'vitest';
import type { AuthorizeRequest } from '../provider.ts';
import { authenticationParameters, factsOf, redirectOf } from './authentication.ts';

const ID = '6d0baff7-b6c4-4b0e-8e5f-48ead46e0526';
const RESULT = 'threeds2.threeDS2Result';

describe('what additionalData tells of 3DS', () => {
  it('is the whole of it, verbatim', () => {
    const data = {
      threeDOffered: 'true',
      threeDOfferedResponse: 'C',
      threeDAuthenticatedResponse: 'Y',
      liabilityShift: 'true',
      eci: '02',
      dsTransID: ID,
      threeDSVersion: '2.2.0',
    };
    expect(factsOf(data, true)).toEqual({
      flow: 'challenge',
      transStatus: 'Y',
      eci: '02',
      version: '2.2.0',
      dsTransactionId: ID,
      liabilityShift: true,
    });
  });

  it('is read from the names with a prefix, as Adyen answers a refusal', () => {
    const data = {
      [`${RESULT}.transStatus`]: 'N',
      [`${RESULT}.transStatusReason`]: '14',
      [`${RESULT}.challengeCancel`]: '05',
      [`${RESULT}.eci`]: '00',
      [`${RESULT}.dsTransID`]: ID,
      [`${RESULT}.messageVersion`]: '2.1.0',
    };
    const codes = { transStatusReason: '14', challengeCancel: '05', eci: '00', version: '2.1.0' };
    expect(factsOf(data, false)).toEqual({ transStatus: 'N', ...codes, dsTransactionId: ID });
  });

  it('is nothing where 3DS was not offered, and never what has not a code’s shape', () => {
    const none = { threeDOffered: 'false', liabilityShift: 'false', threeDAuthenticatedResponse: 'N/A' };
    expect(factsOf(none, true)).toBeUndefined();
    const odd = { threeDOffered: 'true', eci: '4111111111111111', threeDSVersion: 'x', dsTransID: '<b>' };
    expect(factsOf({ ...odd, threeDAuthenticatedResponse: 'Z', liabilityShift: 'maybe' }, true)).toEqual({});
  });

  it('names an exemption for what was authorized without 3DS only', () => {
    expect(factsOf({ scaExemptionRequested: 'lowValue' }, true)).toEqual({ exemption: 'low_value' });
    expect(factsOf({ scaExemptionRequested: 'lowValue' }, false)).toBeUndefined();
    const unattended = { shopperInteraction: 'ContAuth', recurringProcessingModel: 'Subscription' };
    expect(factsOf(unattended, true)).toEqual({ exemption: 'merchant_initiated' });
    expect(
      factsOf({ shopperInteraction: 'ContAuth', recurringProcessingModel: 'CardOnFile' }, true),
    ).toBeUndefined();
    const offered = {
      threeDOffered: 'true',
      [`${RESULT}.transStatus`]: 'Y',
      scaExemptionRequested: 'lowValue',
    };
    expect(factsOf(offered, true)).toEqual({ transStatus: 'Y' });
  });
});

it('a payer is sent to a page only: what must be posted, or run, leads nowhere', () => {
  const url = 'https://checkoutshopper-test.adyen.com/3ds';
  expect(redirectOf({ type: 'redirect', method: 'GET', url })).toMatchObject({ nextAction: { url } });
  expect(redirectOf({ type: 'redirect', method: 'POST', url })).toEqual({});
  expect(redirectOf({ type: 'threeDS2' })).toEqual({});
  expect(redirectOf(undefined)).toEqual({});
});

describe('what a request says', () => {
  const request = (change: Partial<AuthorizeRequest>) => authenticationParameters(change as AuthorizeRequest);
  const redirect = { threeDSRequestData: { nativeThreeDS: 'disabled' } };

  it('is a redirect, as the rules of the account want it, unless asked otherwise', () => {
    const fields = { shopperInteraction: 'Ecommerce', authenticationData: redirect };
    expect(request({})).toEqual({ fields, additionalData: {} });
    const always = { ...redirect, attemptAuthentication: 'always' };
    expect(request({ authentication: { request: 'any' } }).fields).toEqual({
      ...fields,
      authenticationData: always,
    });
    expect(request({ authentication: { request: 'challenge' } }).fields).toMatchObject({
      authenticationData: always,
      threeDS2RequestData: { threeDSRequestorChallengeInd: '04' },
    });
  });

  it.each([
    ['low_value', 'lowValue'],
    ['transaction_risk_analysis', 'transactionRiskAnalysis'],
    ['trusted_beneficiary', 'trustedBeneficiary'],
    ['secure_corporate', 'secureCorporate'],
    ['recurring', undefined],
  ] as const)('the exemption %s is claimed as %s', (exemption, word) => {
    const { additionalData } = request({ authentication: { request: 'automatic', exemption } });
    expect(additionalData).toEqual(word === undefined ? {} : { scaExemption: word });
  });

  it('a payment without the payer names the one that they were there for', () => {
    const storedCredential = {
      initiator: 'merchant',
      usage: 'recurring',
      networkTransactionId: '7054',
    } as const;
    expect(request({ storedCredential, authentication: { request: 'any' } })).toEqual({
      fields: { shopperInteraction: 'ContAuth', recurringProcessingModel: 'Subscription' },
      additionalData: { networkTxReference: '7054' },
    });
  });
});
