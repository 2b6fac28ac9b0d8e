import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exceptions } from '../attack/support/checks.ts';
import { operatorOf } from '../attack/support/temporal.ts';
import { waitFor } from '../support/harness.ts';
import { type System, type SystemOptions, startSystem } from '../support/system.ts';
import { read } from '../tidy/sources.ts';
import { DRIVEN, DRIVEN_TO_PARKING, type Seen, type Stage } from './faults.ts';
import { COLUMNS, type FaultRow, faultRows, headingsOf, testNames } from './table.ts';

/** The page's words, held against the tests that it names and against what the system does. */
const page = read('docs/what-can-go-wrong.md');
const rows = faultRows(page);

describe('the page', () => {
  it('has the columns that it explains, and each fault once', () => {
    for (const heading of headingsOf(page)) expect(heading).toEqual(COLUMNS);
    const faults = rows.map(({ fault }) => fault);
    expect(faults.length).toBeGreaterThanOrEqual(30);
    expect(faults).toEqual([...new Set(faults)]);
  });

  it.each(rows)('names a test that is there: $fault', ({ test: { file, name } }) => {
    expect([...testNames(file)]).toContain(name);
  });

  it('has a row for every fault that is brought about here', () => {
    const faults = rows.map(({ fault }) => fault);
    expect(faults).toEqual(
      expect.arrayContaining([...Object.keys(DRIVEN), ...Object.keys(DRIVEN_TO_PARKING)]),
    );
  });
});

const times = (count: number) => ['', 'once', 'twice'][count] ?? `${count} times`;

/** What both providers' books say of one payment, in the page's words. */
async function moneyOf(system: System, paymentId: string): Promise<string> {
  const lines = [
    ...(await system.journal('stripe', paymentId)),
    ...(await system.journal('adyen', paymentId)),
  ];
  const count = (...effects: string[]) => lines.filter(({ effect = '' }) => effects.includes(effect)).length;
  const charged = count('captured') - count('capture_failed');
  const refunded = count('refunded') - count('refund_failed');
  if (charged > 0) return `charged ${times(charged)}${refunded > 0 ? `, refunded ${times(refunded)}` : ''}`;
  if (count('authorized') === 0) return 'not charged';
  return count('authorized') > count('voided') ? 'held' : 'held, and let go';
}

function check(system: System, row: FaultRow, { paymentId, merchant }: Seen) {
  const told = merchant.map(String);
  expect(told, 'the merchant sees').toHaveLength(row.merchant.length);
  row.merchant.forEach((words, index) => {
    expect(words, `the merchant sees ${told.join(', then ')}`).toContain(told[index]);
  });
  return settles(system, row, paymentId);
}

/** Exceptions and books may follow the answer by a moment. */
async function settles(system: System, row: FaultRow, paymentId: string): Promise<void> {
  const expected = { operator: row.exceptions.toSorted(), money: row.money };
  const seen = async () => ({
    operator: (await exceptions(system, paymentId)).toSorted(),
    money: await moneyOf(system, paymentId),
  });
  const agrees = waitFor(async () => isDeepStrictEqual(await seen(), expected), {
    what: 'it',
    timeoutMs: 10_000,
  });
  await agrees.catch(() => undefined);
  expect(await seen()).toEqual(expected);
}

function driving(options: SystemOptions, drives: typeof DRIVEN): void {
  let stage: Stage;
  beforeAll(async () => {
    const system = await startSystem(options);
    stage = { system, temporal: await operatorOf(system) };
  });
  afterAll(async () => {
    await stage?.temporal.close();
    await stage?.system.close();
  });

  it.each(Object.keys(drives))('%s', async (fault) => {
    const { system } = stage;
    // Every fault meets a healthy system: an open circuit would send the next payment elsewhere.
    await system.sql('DELETE FROM circuit');
    const row = rows.find((each) => each.fault === fault);
    const drive = drives[fault];
    if (row === undefined || drive === undefined) throw new Error('no such row');
    try {
      await check(system, row, await drive(stage));
    } finally {
      await system.clearFaults();
      await system.admin('adyen', 'POST', '/webhooks', { mode: 'normal' });
    }
  });
}

describe('what happens is what the page says', () => {
  driving({ providerDeadlineMs: 1_500 }, DRIVEN);
});

describe('what happens when nobody can be asked is what the page says', () => {
  driving({ timeScale: 0.000_005, providerDeadlineMs: 300 }, DRIVEN_TO_PARKING);
});
