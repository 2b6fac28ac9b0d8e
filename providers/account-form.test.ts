import { describe, expect, it } from 'vitest';
import { accountProblems } from './account-form.ts';

describe('an account’s settings', () => {
  const problems = (settings: object) =>
    accountProblems({
      provider: 'adyen',
      baseUrl: 'https://adyen.example',
      settings: { merchantAccount: 'ShopECOM', ...settings },
    });

  it('may say how its days are reconciled, with all that is read of it', () => {
    const reconciliation = {
      tolerances: [{ currency: 'EUR', feeKind: 'scheme', amountMinor: 5, feeBps: 10 }],
      captureSlaMs: 86_400_000,
      feeTypes: { 'Terminal Surcharge': 'other' },
      bankFeesMinor: { EUR: [500] },
    };
    expect(problems({ reconciliation, fxRates: { USD: '1.0825' } })).toEqual([]);
  });

  it.each<[object, string]>([
    [{ reconciliation: { captureSla: 1 } }, 'settings.reconciliation.captureSla'],
    [
      { reconciliation: { tolerances: [{ amountMinor: 0.5 }] } },
      'settings.reconciliation.tolerances.0.amountMinor',
    ],
    [{ fxRates: { USD: 1.0825 } }, 'settings.fxRates.USD'],
    [{ fxRates: { USD: '1,0825' } }, 'settings.fxRates.USD'],
    [{ fxRates: { dollars: '1.0825' } }, 'settings.fxRates.dollars'],
  ])('say where %j is wrong', (settings, at) => {
    expect(problems(settings)).toMatchObject([{ at }]);
  });
});
