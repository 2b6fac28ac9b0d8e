import { describe, expect, it } from 'vitest';
import { type AuthenticationQuestion, planAuthentication, steppedUp } from './policy.ts';
import { authenticationRulesSchema } from './rules.ts';

const ask = (changes: Partial<AuthenticationQuestion> = {}) =>
  planAuthentication({ amountMinor: 5_000, currency: 'EUR', offSession: false, rules: {}, ...changes });

describe('an authentication', () => {
  it('is left to provider and issuer where nobody asks for more', () => {
    expect(ask()).toEqual({ asked: { request: 'automatic' }, reasons: [], offSession: false });
  });

  it.each<[string, Partial<AuthenticationQuestion>, string, string]>([
    ['the merchant, for this payment', { asked: 'challenge' }, 'challenge', 'requested_by_merchant'],
    ['the amount', { rules: { challengeFromMinor: { EUR: 5_000 } } }, 'challenge', 'amount'],
    ['the region', { country: 'FR', rules: { challengeCountries: ['FR'] } }, 'challenge', 'region'],
    [
      'the region, without friction',
      { country: 'FR', rules: { authenticateCountries: ['FR'] } },
      'any',
      'region',
    ],
    ['the highest risk', { risk: 'highest' }, 'challenge', 'risk'],
    ['an elevated risk', { risk: 'elevated' }, 'any', 'risk'],
    ['a card that is kept', { keepsCard: true }, 'any', 'card_is_kept'],
  ])('is demanded by %s', (_what, changes, request, reason) => {
    expect(ask(changes)).toMatchObject({ asked: { request }, reasons: [reason] });
  });

  it('follows the strongest demand, and names all who made it', () => {
    const rules = { challengeFromMinor: { EUR: 1 }, authenticateCountries: ['FR'], claimLowValue: true };
    expect(ask({ country: 'FR', risk: 'highest', rules })).toEqual({
      asked: { request: 'challenge' },
      reasons: ['amount', 'risk'],
      offSession: false,
    });
  });

  it('is not demanded by a limit of another currency, one cent below it, or an unknown country', () => {
    const rules = { challengeFromMinor: { EUR: 5_001, USD: 1 }, challengeCountries: ['FR'] };
    expect(ask({ rules })).toMatchObject({ asked: { request: 'automatic' }, reasons: [] });
  });

  it('claims an exemption only where nothing is demanded', () => {
    const rules = { claimLowValue: true, claimRiskAnalysisUpToMinor: { EUR: 10_000 } };
    const exemption = (changes: Partial<AuthenticationQuestion>) =>
      ask({ rules, ...changes }).asked.exemption;
    expect(exemption({ amountMinor: 3_000 })).toBe('low_value');
    expect(exemption({ amountMinor: 3_001 })).toBe('transaction_risk_analysis');
    expect(exemption({ amountMinor: 10_001 })).toBeUndefined();
    expect(exemption({ exemption: 'secure_corporate' })).toBe('secure_corporate');
    expect(exemption({ asked: 'challenge', exemption: 'low_value' })).toBeUndefined();
    expect(
      exemption({ amountMinor: 2_500, currency: 'JPY', rules: { claimLowValue: true } }),
    ).toBeUndefined();
  });

  it('of a payer who is not there is out of scope, whatever the rules say', () => {
    expect(ask({ offSession: true, asked: 'challenge', risk: 'highest' })).toEqual({
      asked: { request: 'automatic', exemption: 'merchant_initiated' },
      reasons: ['off_session'],
      offSession: true,
    });
  });

  it('steps up to a challenge without exemption', () => {
    const planned = ask({ exemption: 'low_value' });
    expect(steppedUp(planned)).toEqual({
      asked: { request: 'challenge' },
      reasons: ['soft_decline'],
      offSession: false,
    });
  });
});

describe('a merchant’s rules', () => {
  it.each([
    { challengeFromMinor: { EUR: 1.5 } },
    { challengeFromMinor: { eur: 1 } },
    { challengeCountries: ['France'] },
    { challengeAlways: true },
  ])('are refused as %j', (rules) => {
    expect(authenticationRulesSchema.safeParse(rules).success).toBe(false);
  });
});
