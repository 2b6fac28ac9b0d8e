import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addCounts,
  attemptsOf,
  type CellFacts,
  type Counts,
  createWindows,
  DEFAULT_WINDOWS,
  LATENCY_BUCKETS,
  NO_COUNTS,
  type Observation,
  type WindowRow,
} from './index.ts';

const NOON_MS = Date.UTC(2026, 0, 15, 12);
const VISA_DE: CellFacts = { method: 'card', brand: 'visa', issuerCountry: 'DE', currency: 'EUR' };

function seen(given: Partial<Observation> = {}): Observation {
  return {
    accountId: 'pa_1',
    method: 'card',
    brand: 'visa',
    issuerCountry: 'DE',
    currency: 'EUR',
    result: 'approved',
    latencyMs: 300,
    amountMinor: 1_000,
    atMs: NOON_MS,
    ...given,
  };
}

function addMany(windows: ReturnType<typeof createWindows>, times: number, given: Partial<Observation> = {}) {
  for (let count = 0; count < times; count += 1) windows.add(seen(given));
}

/** Postgres: adds what is flushed, answers totals. */
function totalsTable() {
  const totals = new Map<string, WindowRow>();
  const keyOf = ({ counts: _counts, ...key }: WindowRow) => JSON.stringify(key);
  return {
    flush(rows: readonly WindowRow[]) {
      for (const row of rows) {
        const known = totals.get(keyOf(row));
        totals.set(
          keyOf(row),
          known === undefined ? row : { ...row, counts: addCounts(known.counts, row.counts) },
        );
      }
    },
    read: () => [...totals.values()],
  };
}

const anyCounts: fc.Arbitrary<Counts> = fc.record({
  approved: fc.nat(1_000),
  softDeclined: fc.nat(1_000),
  hardDeclined: fc.nat(1_000),
  unknown: fc.nat(1_000),
  notAttempted: fc.nat(1_000),
  authorizedMinor: fc.bigInt(0n, 10n ** 20n),
  latency: fc.array(fc.nat(1_000), { minLength: LATENCY_BUCKETS, maxLength: LATENCY_BUCKETS }),
});

describe('merging counts', () => {
  it('is associative and commutative, and nothing is its zero', () => {
    fc.assert(
      fc.property(anyCounts, anyCounts, anyCounts, (a, b, c) => {
        expect(addCounts(addCounts(a, b), c)).toEqual(addCounts(a, addCounts(b, c)));
        expect(addCounts(a, b)).toEqual(addCounts(b, a));
        expect(addCounts(a, NO_COUNTS)).toEqual(a);
      }),
    );
  });
});

describe('windows of several workers', () => {
  it('agree with one worker that saw everything, whoever saw what', () => {
    const anyObservation = fc.record({
      worker: fc.constantFrom(0, 1, 2),
      accountId: fc.constantFrom('pa_1', 'pa_2'),
      brand: fc.constantFrom('visa', 'amex'),
      result: fc.constantFrom('approved', 'soft_decline', 'hard_decline', 'unknown', 'not_attempted'),
      agoMs: fc.nat(86_400_000),
      flushes: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyObservation, { maxLength: 60 }), (events) => {
        const table = totalsTable();
        const alone = createWindows();
        const workers = [createWindows(), createWindows(), createWindows()];
        for (const { worker, agoMs, flushes, ...given } of events) {
          const observation = seen({ ...given, atMs: NOON_MS - agoMs } as Partial<Observation>);
          alone.add(observation);
          const own = workers[worker];
          own?.add(observation);
          if (flushes && own !== undefined) {
            table.flush(own.takeDeltas());
            own.merge(table.read());
          }
        }
        for (const each of workers) table.flush(each.takeDeltas());
        for (const each of workers) {
          each.merge(table.read());
          for (const accountId of ['pa_1', 'pa_2']) {
            const facts = { ...VISA_DE, brand: 'amex' };
            expect(each.estimateSuccess(accountId, facts, NOON_MS)).toEqual(
              alone.estimateSuccess(accountId, facts, NOON_MS),
            );
            expect(each.healthOf(accountId, NOON_MS)).toEqual(alone.healthOf(accountId, NOON_MS));
            expect(each.authorizedToday(accountId, 'EUR', NOON_MS)).toBe(
              alone.authorizedToday(accountId, 'EUR', NOON_MS),
            );
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('count an observation once before, while and after it is written', () => {
    const windows = createWindows({ refreshMs: 0 });
    const samples = () => windows.estimateSuccess('pa_1', VISA_DE, NOON_MS).samples;
    addMany(windows, 40);
    expect(samples()).toBe(40);
    const rows = windows.takeDeltas();
    expect(samples()).toBe(40);
    windows.add(seen());
    windows.merge(rows);
    expect(samples()).toBe(41);
    expect(
      windows
        .takeDeltas()
        .filter(({ grain }) => grain === 'cell')
        .map(({ counts }) => attemptsOf(counts)),
    ).toEqual([1]);
  });

  it('hand out again what could not be written, with what came since', () => {
    const windows = createWindows();
    addMany(windows, 3);
    windows.takeDeltas();
    windows.giveBack();
    addMany(windows, 2);
    const cells = windows.takeDeltas().filter(({ grain }) => grain === 'cell');
    expect(cells.map(({ counts }) => attemptsOf(counts))).toEqual([5]);
    expect(windows.takeDeltas()).toEqual([]);
  });
});

describe('a window', () => {
  it('forgets what is older than it is', () => {
    const windows = createWindows({ refreshMs: 0 });
    addMany(windows, 50);
    const laterMs = NOON_MS + DEFAULT_WINDOWS.windowMs + DEFAULT_WINDOWS.bucketMs;
    expect(windows.estimateSuccess('pa_1', VISA_DE, laterMs - 2 * DEFAULT_WINDOWS.bucketMs).samples).toBe(50);
    expect(windows.estimateSuccess('pa_1', VISA_DE, laterMs)).toMatchObject({ samples: 0, cell: 'prior' });
  });

  it('knows what was authorized today, by account and currency, in UTC', () => {
    const windows = createWindows();
    addMany(windows, 2, { amountMinor: 700 });
    windows.add(seen({ amountMinor: 9_999, result: 'soft_decline' }));
    windows.add(seen({ amountMinor: 9_999, currency: 'USD' }));
    windows.add(seen({ amountMinor: 9_999, atMs: NOON_MS - 13 * 3_600_000 }));
    expect(windows.authorizedToday('pa_1', 'EUR', NOON_MS)).toBe(1_400);
    expect(windows.authorizedToday('pa_1', 'EUR', NOON_MS + 86_400_000)).toBe(0);
    expect(windows.authorizedToday('pa_2', 'EUR', NOON_MS)).toBe(0);
  });

  it('counts what was unknown and is found approved by its money alone, here and at the others', () => {
    const windows = createWindows();
    addMany(windows, 1, { result: 'unknown' });
    const { latencyMs: _none, ...found } = seen({ amountMinor: 700, result: 'late_approval' });
    windows.add(found);
    // Found after a challenge: an answer like any other, of which nobody knows how long it took.
    windows.add({ ...found, result: 'approved' });
    const others = createWindows();
    const rows = windows.takeDeltas();
    others.merge(rows);
    for (const each of [windows, others]) {
      expect(each.authorizedToday('pa_1', 'EUR', NOON_MS)).toBe(1_400);
      expect(each.estimateSuccess('pa_1', VISA_DE, NOON_MS).samples).toBe(1);
      expect(each.healthOf('pa_1', NOON_MS).attempts).toBe(2);
    }
    const [cell] = rows.filter(({ grain }) => grain === 'cell');
    expect(cell?.counts).toMatchObject({ approved: 1, unknown: 1, authorizedMinor: 1_400n });
    expect(cell?.counts.latency.reduce((sum, each) => sum + each)).toBe(1);
  });
});

describe('an estimate of success', () => {
  it('lies between never and always, whatever was seen', () => {
    const any = fc.array(
      fc.record({
        accountId: fc.constantFrom('pa_1', 'pa_2', 'pa_3'),
        brand: fc.constantFrom('visa', 'mastercard'),
        issuerCountry: fc.constantFrom('DE', 'BR'),
        result: fc.constantFrom('approved', 'soft_decline', 'unknown'),
        times: fc.integer({ min: 1, max: 200 }),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(any, (events) => {
        const windows = createWindows();
        for (const { times, ...given } of events) addMany(windows, times, given as Partial<Observation>);
        for (const accountId of ['pa_1', 'pa_2', 'pa_3']) {
          const { ratePpm } = windows.estimateSuccess(accountId, VISA_DE, NOON_MS);
          expect(Number.isInteger(ratePpm) && ratePpm >= 0 && ratePpm <= 1_000_000).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is the cell’s own rate where there are many, and names the cell', () => {
    const windows = createWindows();
    addMany(windows, 3_000);
    addMany(windows, 1_000, { result: 'hard_decline' });
    const estimate = windows.estimateSuccess('pa_1', VISA_DE, NOON_MS);
    expect(estimate).toMatchObject({ cell: 'brand+country+currency', samples: 4_000 });
    expect(Math.abs(estimate.ratePpm - 750_000)).toBeLessThan(5_000);
  });

  it('backs off to a coarser cell where there are few', () => {
    const windows = createWindows();
    addMany(windows, 500, { issuerCountry: 'FR' });
    addMany(windows, 5, { result: 'soft_decline' });
    const estimate = windows.estimateSuccess('pa_1', VISA_DE, NOON_MS);
    expect(estimate).toMatchObject({ cell: 'brand+currency', samples: 505 });
    // Five declines say something, and not that nothing is ever approved.
    expect(estimate.ratePpm).toBeGreaterThan(800_000);
    expect(estimate.ratePpm).toBeLessThan(950_000);
  });

  it('does not blame an account for the countries that it is sent', () => {
    const windows = createWindows();
    const outcome = (count: number, approved: number, given: Partial<Observation>) => {
      addMany(windows, approved, given);
      addMany(windows, count - approved, { ...given, result: 'soft_decline' });
    };
    const brazil = { issuerCountry: 'BR', currency: 'BRL' };
    // In each country pa_1 is better; it gets the hard one, so that its overall rate is the worse.
    outcome(1_000, 700, { accountId: 'pa_1', ...brazil });
    outcome(100, 60, { accountId: 'pa_2', ...brazil });
    outcome(100, 93, { accountId: 'pa_1' });
    outcome(1_000, 900, { accountId: 'pa_2' });
    const facts = { ...VISA_DE, issuerCountry: 'GB', currency: 'GBP' };
    const rate = (accountId: string) => windows.estimateSuccess(accountId, facts, NOON_MS).ratePpm;
    expect(rate('pa_1')).toBeGreaterThan(rate('pa_2'));
  });

  it('of an account never tried is that of the others for such payments, in its own group only', () => {
    const groupOf = (accountId: string) => accountId.slice(0, 5);
    const windows = createWindows({ groupOf });
    addMany(windows, 600, { accountId: 'mer_1/a' });
    addMany(windows, 400, { accountId: 'mer_1/a', result: 'soft_decline' });
    expect(Math.abs(windows.estimateSuccess('mer_1/b', VISA_DE, NOON_MS).ratePpm - 600_000)).toBeLessThan(
      20_000,
    );
    expect(windows.estimateSuccess('mer_2/a', VISA_DE, NOON_MS)).toMatchObject({
      ratePpm: 850_000,
      cell: 'prior',
    });
  });

  it('is derived anew when it turns out whose an account is', () => {
    const groups = new Map<string, string>();
    const windows = createWindows({ groupOf: (accountId) => groups.get(accountId) ?? accountId });
    addMany(windows, 600, { accountId: 'a' });
    addMany(windows, 400, { accountId: 'a', result: 'soft_decline' });
    const rateOfB = () => windows.estimateSuccess('b', VISA_DE, NOON_MS).ratePpm;
    expect(rateOfB()).toBe(850_000);
    for (const each of ['a', 'b']) groups.set(each, 'mer_1');
    windows.regroup();
    expect(Math.abs(rateOfB() - 600_000)).toBeLessThan(20_000);
  });

  it('leaves out what was never answered: that is health, and is over when it is over', () => {
    const windows = createWindows({ refreshMs: 0 });
    addMany(windows, 100);
    const before = windows.estimateSuccess('pa_1', VISA_DE, NOON_MS);
    addMany(windows, 50, { result: 'unknown' });
    addMany(windows, 50, { result: 'not_attempted' });
    expect(windows.estimateSuccess('pa_1', VISA_DE, NOON_MS)).toEqual(before);
  });
});

describe('health', () => {
  const healthAt = (windows: ReturnType<typeof createWindows>, atMs = NOON_MS) =>
    windows.healthOf('pa_1', atMs);

  it('is full where nothing happened, and after a single failure', () => {
    const windows = createWindows();
    expect(healthAt(windows)).toEqual({ attempts: 0, weightPpm: 1_000_000, unknownPpm: 0 });
    windows.add(seen({ result: 'unknown' }));
    expect(healthAt(windows)).toMatchObject({ attempts: 1, weightPpm: 1_000_000, unknownPpm: 1_000_000 });
  });

  it('is gone after a few failures in a row, seen by another worker as soon as it has read them', () => {
    const [one, other] = [createWindows(), createWindows()];
    addMany(one, 3, { result: 'not_attempted' });
    expect(healthAt(one).weightPpm).toBe(0);
    other.merge(one.takeDeltas());
    expect(healthAt(other).weightPpm).toBe(0);
  });

  it('comes back when newer attempts are good, or when the failures are old', () => {
    const windows = createWindows();
    addMany(windows, 10, { result: 'unknown' });
    expect(healthAt(windows).weightPpm).toBe(0);
    expect(healthAt(windows, NOON_MS + 310_000).weightPpm).toBe(1_000_000);
    addMany(windows, 30, { atMs: NOON_MS + 60_000 });
    expect(healthAt(windows, NOON_MS + 95_000)).toMatchObject({ weightPpm: 1_000_000, attempts: 30 });
  });

  it('is not disturbed by the share of lost answers that an account always has', () => {
    const windows = createWindows();
    addMany(windows, 9_900, { atMs: NOON_MS - 86_400_000 });
    addMany(windows, 100, { atMs: NOON_MS - 86_400_000, result: 'unknown' });
    addMany(windows, 198);
    addMany(windows, 2, { result: 'unknown' });
    expect(healthAt(windows).weightPpm).toBe(1_000_000);
  });

  it('falls when the tail is several times as slow as it used to be, but never under a half for that', () => {
    const windows = createWindows();
    addMany(windows, 2_000, { atMs: NOON_MS - 86_400_000 });
    addMany(windows, 45);
    addMany(windows, 5, { latencyMs: 1_200 });
    expect(healthAt(windows).weightPpm).toBeLessThan(1_000_000);
    addMany(windows, 50, { latencyMs: 15_000 });
    expect(healthAt(windows)).toMatchObject({ weightPpm: 500_000, latencyP95Ms: 20_480 });
  });

  it('falls when approvals fall beyond what chance explains', () => {
    const windows = createWindows();
    addMany(windows, 900, { atMs: NOON_MS - 86_400_000 });
    addMany(windows, 100, { atMs: NOON_MS - 86_400_000, result: 'soft_decline' });
    addMany(windows, 16);
    addMany(windows, 4, { result: 'soft_decline' });
    expect(healthAt(windows).weightPpm).toBe(1_000_000);
    addMany(windows, 14, { result: 'soft_decline' });
    expect(healthAt(windows).weightPpm).toBeLessThan(700_000);
  });
});
