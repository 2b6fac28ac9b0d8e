import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XMLValidator } from 'fast-xml-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogueSchema } from '../../../domain/routing/catalogue/index.ts';
import { DAY_MS, YEAR_START_MS } from './calendar.ts';
import { paymentsOf } from './payments.ts';
import { ACCOUNTS, BRANDS, COUNTRIES, yearCatalogue } from './people.ts';
import { plotOf } from './plot.ts';
import { runYear } from './run.ts';
import { createWorld } from './world.ts';
import { figuresOf, type PLAYERS, playerOf, type SimulatedYear, simulateYear } from './year.ts';

/** Few payments a day: enough to see who is better, too few to reach the goals of the whole year. */
const PAYMENTS = 12_000;
const SEED = 1;
const folder = mkdtempSync(join(tmpdir(), 'interlock-year-'));
let year: SimulatedYear;

beforeAll(() => {
  year = simulateYear(PAYMENTS, SEED);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the invented world', () => {
  it('has a catalogue as any other, and shares that sum to one', () => {
    expect(catalogueSchema.safeParse(yearCatalogue()).error).toBeUndefined();
    for (const shares of [COUNTRIES, BRANDS]) {
      expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    }
  });

  it('spreads the payments over the whole year, in order', () => {
    let beforeMs = YEAR_START_MS;
    for (const { atMs } of paymentsOf(SEED, PAYMENTS)) {
      expect(atMs).toBeGreaterThanOrEqual(beforeMs);
      beforeMs = atMs;
    }
    expect((beforeMs - YEAR_START_MS) / DAY_MS).toBeGreaterThan(355);
    expect((beforeMs - YEAR_START_MS) / DAY_MS).toBeLessThan(365);
  });

  it('approves nothing at a provider that is out, and less at one that declines in trouble', () => {
    const world = createWorld(SEED);
    for (const [account, outages] of world.outages.entries()) {
      for (const { kind, fromMs, toMs } of outages) {
        const during = world.truth(account, 0, (fromMs + toMs) / 2);
        expect(during.outage).toBeDefined();
        expect(during.approval === 0).toBe(kind !== 'declining');
      }
    }
  });
});

describe('a simulated year', () => {
  it('is the same for the same seed, and another for another', () => {
    const again = (seed: number) => simulateYear(1_500, seed).players;
    expect(again(7)).toEqual(again(7));
    expect(again(8)).not.toEqual(again(7));
  });

  it('is best for who knows the truth, and better for who learns than for who doesn’t', () => {
    const success = (name: (typeof PLAYERS)[number]) => playerOf(year, name).success;
    expect(success('oracle')).toBeGreaterThan(success('success-aware'));
    expect(success('success-aware')).toBeGreaterThan(success('fixed order'));
  });

  it('costs less for who looks at costs', () => {
    const fees = (name: (typeof PLAYERS)[number]) => playerOf(year, name).fees;
    expect(fees('cost-aware')).toBeLessThan(fees('success-aware'));
    expect(fees('cost oracle')).toBeLessThan(fees('oracle'));
  });

  it('explores with a few payments of a hundred, and only where it is told to', () => {
    const explored = (name: (typeof PLAYERS)[number]) => playerOf(year, name).explored / PAYMENTS;
    expect(explored('success-aware')).toBeGreaterThan(0);
    expect(explored('success-aware')).toBeLessThan(0.05);
    expect(explored('cost-aware')).toBe(0);
  });

  it('measures what was promised', () => {
    expect(figuresOf(year).map(({ name }) => name)).toEqual([
      'year_gap_closed_percent',
      'year_worst_month_points',
      'year_saving_share_percent',
      'year_success_given_up_points',
    ]);
  });
});

describe('./interlock routing year', () => {
  it('tells the figures, or prints them for machines, and draws the plot', async () => {
    const said: string[] = [];
    const terminal = { out: (line: string) => said.push(line), err: () => {} };
    const plot = join(folder, 'year.svg');
    expect(await runYear(['--payments', '1000', '--json', '--plot', plot], terminal)).toBe(0);
    expect(JSON.parse(said[0] ?? '')).toMatchObject({ payments: 1000, seed: 1, players: expect.any(Array) });
    expect(existsSync(plot)).toBe(true);
    expect(readFileSync(plot, 'utf8')).toContain('1,000 payments');
    await runYear(['--payments', '1000'], terminal);
    expect(said[1]).toMatch(/approved %[\s\S]*goal >= 60/);
  });

  it('refuses numbers that make no year', async () => {
    const terminal = { out: () => {}, err: () => {} };
    await expect(runYear(['--payments', '12.5'], terminal)).rejects.toThrow(/whole number/);
    await expect(runYear(['--seed=-1'], terminal)).rejects.toThrow(/whole number/);
  });
});

describe('the plot', () => {
  it('is well-formed, has a line for each way of routing and a bar for each outage, and follows a dark page', () => {
    const svg = plotOf(year);
    expect(XMLValidator.validate(svg)).toBe(true);
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    const bars = svg.match(/<rect class="(dead|silent|declining)"/g) ?? [];
    const outages = year.world.outages.flat().length;
    expect(bars).toHaveLength(outages + 3);
    expect(outages).toBeGreaterThan(ACCOUNTS.length);
    expect(svg).toContain('prefers-color-scheme: dark');
  });
});
