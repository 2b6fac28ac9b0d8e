import { describe, expect, it } from 'vitest';
import { isStuck, type LostTask } from './stuck.ts';

const NOW_MS = 1_800_000_000_000;
const ago = (seconds: number, why: LostTask['why']): LostTask => ({
  atMs: NOW_MS - seconds * 1_000,
  why,
  cause: why === 'faulty' ? 'NON_DETERMINISTIC_ERROR' : 'TIMED_OUT',
});

describe('a workflow is stuck', () => {
  it('when its task was refused, and tried in vain again and again', () => {
    expect(isStuck(4, [ago(1, 'faulty')], NOW_MS)).toBe(true);
    expect(isStuck(4, [ago(1, 'faulty'), ago(20, 'starved')], NOW_MS)).toBe(true);
  });

  it('but not before its fourth attempt', () => {
    expect(isStuck(3, [ago(3_600, 'faulty')], NOW_MS)).toBe(false);
  });

  it('but not while its tasks are only late: a worker that was starved for 40 seconds goes on', () => {
    expect(isStuck(4, [ago(40, 'starved')], NOW_MS)).toBe(false);
    expect(isStuck(9, [ago(2, 'starved'), ago(299, 'starved')], NOW_MS)).toBe(false);
    expect(isStuck(9, [ago(2, 'starved'), ago(60, 'faulty')], NOW_MS)).toBe(false);
  });

  it('when they have been late for longer than a moment’s load lasts', () => {
    expect(isStuck(9, [ago(301, 'starved')], NOW_MS)).toBe(true);
    expect(isStuck(9, [ago(2, 'starved'), ago(301, 'starved')], NOW_MS)).toBe(true);
  });

  it('when nothing in its history says what its many attempts came to', () => {
    expect(isStuck(4, [], NOW_MS)).toBe(true);
  });
});
