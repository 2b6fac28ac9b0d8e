import { describe, expect, it } from 'vitest';
import type { RateLimit } from '../../domain/rate-limits.ts';
import { Lease, type PointStore, type Verdict } from './lease.ts';

/** A window as processes see it that share a count, by a clock that the test turns. */
const LIMIT: RateLimit = { requests: 100, seconds: 2 };
/** A twentieth. */
const PORTION = 5;

function world() {
  let nowMs = 0;
  let asked = 0;
  let held: Promise<void> | undefined;
  const windows = new Map<string, { points: number; endsMs: number }>();
  const store: PointStore = {
    async take(key, points, windowSeconds) {
      asked += 1;
      await held;
      const known = windows.get(key);
      const open =
        known !== undefined && known.endsMs > nowMs
          ? known
          : { points: 0, endsMs: nowMs + 1_000 * windowSeconds };
      const taken = { ...open, points: open.points + points };
      windows.set(key, taken);
      return { consumed: taken.points, endsInMs: taken.endsMs - nowMs };
    },
  };
  return {
    lease: (limit = LIMIT) => new Lease('merchant:mer_a', limit, store, () => nowMs),
    turn: (ms: number) => {
      nowMs += ms;
    },
    asked: () => asked,
    forget: () => windows.clear(),
    /** The count answers nobody until the answer of this is called. */
    hold: () => {
      let answer = () => {};
      held = new Promise((resolve) => {
        answer = resolve;
      });
      return answer;
    },
  };
}

/** One after another, each with its answer. */
async function take(lease: Lease, times: number, limit = LIMIT): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (let each = 0; each < times; each += 1) verdicts.push(await lease.under(limit).take());
  return verdicts;
}
const admitted = (verdicts: readonly Verdict[]) => verdicts.filter(({ isAdmitted }) => isAdmitted).length;

describe('a window', () => {
  it.each([1, 2, 19, 20, 100])('of %i requests admits exactly so many', async (requests) => {
    const limit = { requests, seconds: 2 };
    const verdicts = await take(world().lease(limit), 2 * requests + 5, limit);
    expect(verdicts.map(({ isAdmitted }) => isAdmitted)).toEqual([
      ...Array(requests).fill(true),
      ...Array(requests + 5).fill(false),
    ]);
  });

  it('says what is left of it, and when it ends', async () => {
    const { lease, turn } = world();
    const of = lease();
    const [first] = await take(of, 1);
    expect(first).toMatchObject({ remaining: 99, resetMs: 2_000 });
    await take(of, 49);
    turn(1_500);
    expect((await take(of, 1))[0]).toMatchObject({ remaining: 49, resetMs: 500 });
  });

  it('begins anew once it is over', async () => {
    const { lease, turn } = world();
    const of = lease();
    expect(admitted(await take(of, 150))).toBe(100);
    turn(2_000);
    expect(admitted(await take(of, 150))).toBe(100);
  });

  it('that is asked by all at once is no wider', async () => {
    const of = world().lease();
    const verdicts = await Promise.all(Array.from({ length: 400 }, () => of.take()));
    expect(admitted(verdicts)).toBe(100);
  });

  it('follows its limit where that is changed', async () => {
    const { lease, turn } = world();
    const of = lease();
    await take(of, 100);
    turn(2_000);
    expect(admitted(await take(of, 100, { requests: 10, seconds: 2 }))).toBe(10);
  });
});

describe('processes that share a count', () => {
  it('admit what the window holds together, and at most a portion each beyond', async () => {
    const { lease } = world();
    const processes = [lease(), lease(), lease()];
    let sum = 0;
    for (let round = 0; round < 100; round += 1)
      for (const each of processes) sum += admitted(await take(each, 1));
    expect(sum).toBeGreaterThanOrEqual(100 - 3 * PORTION);
    expect(sum).toBeLessThanOrEqual(100 + 3 * PORTION);
  });

  it('ask seldom: once a portion, and never for a key whose window is used up', async () => {
    const { lease, asked } = world();
    const of = lease();
    await take(of, 100);
    expect(asked()).toBeLessThanOrEqual(100 / PORTION + 1);
    const before = asked();
    await take(of, 1_000);
    expect(asked()).toBe(before);
  });
});

describe('a count that forgets', () => {
  it('widens no window of a process that remembers', async () => {
    const { lease, forget } = world();
    const of = lease();
    expect(admitted(await take(of, 60))).toBe(60);
    forget();
    expect(admitted(await take(of, 100))).toBe(40);
  });
});

describe('a count that does not answer', () => {
  it('holds up nobody but who would pass beyond a portion', async () => {
    const { lease, hold } = world();
    const of = lease();
    const answer = hold();
    const first = Array.from({ length: PORTION }, () => of.take());
    expect(first.some((verdict) => verdict instanceof Promise)).toBe(false);
    const next = of.take();
    expect(next).toBeInstanceOf(Promise);
    answer();
    expect(await next).toMatchObject({ isAdmitted: true });
  });
});
