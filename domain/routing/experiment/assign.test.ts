import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCanarys } from '../draw.ts';
import { experimentArm, versionFor } from './assign.ts';
import { statusAfter } from './experiment.ts';

const PAYMENTS = Array.from({ length: 20_000 }, (_, index) => `pay_${index}`);
const experiment = (percent: number, id = 'rex_a') => ({
  id,
  controlVersion: 1,
  treatmentVersion: 2,
  percent,
});

describe('the side of a payment', () => {
  it('is the same whoever asks, and is one of the two versions', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), (payment, percent) => {
        const arm = experimentArm(payment, experiment(percent));
        expect(experimentArm(payment, experiment(percent))).toBe(arm);
        expect(versionFor(payment, experiment(percent))).toBe(arm === 'treatment' ? 2 : 1);
      }),
    );
  });

  it.each([1, 10, 30, 50])('is the treatment for %i of a hundred', (percent) => {
    const treated = PAYMENTS.filter((id) => experimentArm(id, experiment(percent)) === 'treatment').length;
    expect(Math.abs(treated / PAYMENTS.length - percent / 100)).toBeLessThan(0.012);
  });

  it('of those treated at a smaller share stays so at a larger one', () => {
    for (const id of PAYMENTS.slice(0, 2_000))
      if (experimentArm(id, experiment(10)) === 'treatment')
        expect(experimentArm(id, experiment(40))).toBe('treatment');
  });

  it('has nothing to do with another experiment’s, or with a canary’s', () => {
    const treated = PAYMENTS.filter((id) => experimentArm(id, experiment(50)) === 'treatment');
    const twice = treated.filter((id) => experimentArm(id, experiment(50, 'rex_b')) === 'treatment').length;
    const canarys = treated.filter((id) => isCanarys(id, 2, 50)).length;
    for (const count of [twice, canarys]) expect(Math.abs(count / treated.length - 0.5)).toBeLessThan(0.02);
  });
});

describe('what a look decides', () => {
  const look = (verdict: 'continue' | 'no_difference') => ({
    control: { attempts: 1, successes: 1 },
    treatment: { attempts: 1, successes: 1 },
    test: { verdict, pValuePpm: 1_000_000, differencePpm: 0, lowPpm: -1, highPpm: 1 },
  });

  it('is the test’s word, and the clock’s only where the test has none', () => {
    expect(statusAfter(look('continue'), 1_000, 999)).toBe('running');
    expect(statusAfter(look('continue'), 1_000, 1_000)).toBe('out_of_time');
    expect(statusAfter(look('no_difference'), 1_000, 2_000)).toBe('no_difference');
  });
});
