import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../evidence-types.ts';
import { CHALLENGES } from '../merchant/challenges.ts';
import { drawScenario } from '../merchant/scenarios.ts';
import { SIMULATOR_POINT, WORKER_POINTS } from '../rig/crash-points.ts';
import { type Planned, planStorm, type Schedule } from './schedule.ts';

const all = ({ processLane, worldLane }: Schedule): readonly Planned[] => [...processLane, ...worldLane];
const count = (schedule: Schedule, kind: string) => all(schedule).filter((each) => each.kind === kind).length;
const SEEDS = Array.from({ length: 50 }, (_each, index) => index * 7919);

describe('the schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    const plan = (seed: number) => planStorm({ seed, payments: 300, kinds: FAULT_KINDS });
    expect(plan(5)).toEqual(plan(5));
    expect(plan(5)).not.toEqual(plan(6));
  });

  it.each([
    [220, 15, 8],
    [1_800, 50, 20],
  ])(
    'of %i payments has at least %i faults, %i of them kills, whatever the seed',
    (payments, faults, kills) => {
      for (const seed of SEEDS) {
        const schedule = planStorm({ seed, payments, kinds: FAULT_KINDS });
        expect(all(schedule).length).toBeGreaterThanOrEqual(faults);
        expect(count(schedule, 'kill')).toBeGreaterThanOrEqual(kills);
        expect(all(schedule).every(({ atMs }) => atMs < schedule.durationMs)).toBe(true);
      }
    },
  );

  it('visits every directed crash point and every kind', () => {
    for (const seed of SEEDS) {
      const schedule = planStorm({ seed, payments: 1_800, kinds: FAULT_KINDS });
      const kills = schedule.processLane.filter(({ kind }) => kind === 'kill').map(({ what }) => what);
      for (const point of [...WORKER_POINTS, 'provider_committed', SIMULATOR_POINT])
        expect(kills).toContain(`crash_point:${point}`);
      for (const kind of FAULT_KINDS) expect(count(schedule, kind)).toBeGreaterThan(0);
    }
  });

  it('leaves out what was not asked for', () => {
    const schedule = planStorm({ seed: 1, payments: 300, kinds: ['kill', 'net'] });
    expect(new Set(all(schedule).map(({ kind }) => kind))).toEqual(new Set(['kill', 'net']));
    expect(all(planStorm({ seed: 1, payments: 300, kinds: [] }))).toEqual([]);
  });
});

describe('the scenarios', () => {
  it('are the same for the same seed and number', () => {
    const names = (seed: number) =>
      Array.from({ length: 100 }, (_each, number) => drawScenario(seed, number, true).name);
    expect(names(1)).toEqual(names(1));
    expect(names(1)).not.toEqual(names(2));
    expect(new Set(names(1)).size).toBeGreaterThan(8);
  });

  it('are challenged in a fair share, in each way', () => {
    for (const seed of SEEDS) {
      const names = Array.from({ length: 1_000 }, (_each, number) => drawScenario(seed, number, true).name);
      const challenges = names.filter((name) => name.includes('challenge'));
      expect(challenges.length).toBeGreaterThan(100);
      expect(challenges.length).toBeLessThan(210);
      expect(new Set(challenges).size).toBe(CHALLENGES.length);
    }
  });

  it('have no refunds where there are none', () => {
    for (const seed of SEEDS) expect(drawScenario(seed, 1, false).name).not.toBe('refund');
  });
});
