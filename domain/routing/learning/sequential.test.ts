import { describe, expect, it } from 'vitest';
import { type Arm, derivedDraw, type SequentialVerdict, sequentialTest } from './index.ts';

/** One experiment, looked at after every `step` payments of each arm, stopped by the first verdict. */
function experiment(
  seed: number,
  rates: { readonly control: number; readonly treatment: number },
  { most = 20_000, step = 50 } = {},
): { verdict: SequentialVerdict; attempts: number } {
  let pValuePpm: number | undefined;
  const successes = { control: 0, treatment: 0 };
  for (let attempts = 1; attempts <= most; attempts += 1) {
    for (const arm of ['control', 'treatment'] as const) {
      const luck = derivedDraw(seed, `${arm}/${attempts}`) / 0x1_0000_0000;
      if (luck < rates[arm]) successes[arm] += 1;
    }
    if (attempts % step !== 0) continue;
    const arm = (name: 'control' | 'treatment'): Arm => ({ attempts, successes: successes[name] });
    const looked = sequentialTest({ control: arm('control'), treatment: arm('treatment') }, {}, pValuePpm);
    if (looked.verdict !== 'continue') return { verdict: looked.verdict, attempts };
    pValuePpm = looked.pValuePpm;
  }
  return { verdict: 'continue', attempts: most };
}

const SEEDS = Array.from({ length: 300 }, (_none, index) => derivedDraw(index, 'experiment'));

function shareOf(verdicts: readonly { verdict: SequentialVerdict }[], wanted: readonly SequentialVerdict[]) {
  return verdicts.filter(({ verdict }) => wanted.includes(verdict)).length / verdicts.length;
}

describe('the sequential test', () => {
  it('claims a difference where there is none in at most 5% of experiments, though it looks 60 times', () => {
    const run = SEEDS.map((seed) => experiment(seed, { control: 0.88, treatment: 0.88 }, { most: 3_000 }));
    expect(shareOf(run, ['treatment_better', 'control_better'])).toBeLessThanOrEqual(0.05);
    // The guard rail has a level of its own, and asks for a difference of three points besides.
    expect(shareOf(run, ['guard_rail_breached'])).toBeLessThanOrEqual(0.05);
  });

  it('finds a difference of three points, on the right side, and stops before all payments are spent', () => {
    const run = SEEDS.slice(0, 40).map((seed) => experiment(seed, { control: 0.86, treatment: 0.89 }));
    expect(shareOf(run, ['treatment_better'])).toBeGreaterThan(0.95);
    const mean = run.reduce((sum, { attempts }) => sum + attempts, 0) / run.length;
    expect(mean).toBeLessThan(8_000);
  });

  it('stops a treatment that does harm early', () => {
    const run = SEEDS.slice(0, 40).map((seed) => experiment(seed, { control: 0.88, treatment: 0.8 }));
    expect(shareOf(run, ['guard_rail_breached', 'control_better'])).toBe(1);
    expect(Math.max(...run.map(({ attempts }) => attempts))).toBeLessThan(3_000);
  });

  it('says that there is no difference worth waiting for when it can be sure of that', () => {
    const even: Arm = { attempts: 1_000_000, successes: 880_000 };
    const looked = sequentialTest({ control: even, treatment: even });
    expect(looked.verdict).toBe('no_difference');
    expect(looked.highPpm).toBeLessThan(2_000);
    expect(looked.lowPpm).toBe(-looked.highPpm);
  });

  it('waits for enough attempts, and its p-value only ever falls', () => {
    const few = { control: { attempts: 99, successes: 99 }, treatment: { attempts: 99, successes: 0 } };
    expect(sequentialTest(few)).toMatchObject({ verdict: 'continue', pValuePpm: 1_000_000 });
    const arms = { control: { attempts: 500, successes: 430 }, treatment: { attempts: 500, successes: 430 } };
    expect(sequentialTest(arms, {}, 70_000).pValuePpm).toBe(70_000);
  });

  it('rejects exactly the differences that its interval leaves out', () => {
    for (const better of [0, 10, 40, 60, 80, 120]) {
      const arms = {
        control: { attempts: 2_000, successes: 1_700 },
        treatment: { attempts: 2_000, successes: 1_700 + better },
      };
      const { lowPpm, pValuePpm } = sequentialTest(arms);
      expect(lowPpm > 0, `${better} more`).toBe(pValuePpm <= 50_000);
    }
  });
});
