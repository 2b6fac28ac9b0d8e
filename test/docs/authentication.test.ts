import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { apiRoutes } from '../../api/app.ts';
import {
  type AuthenticationQuestion,
  planAuthentication,
  steppedUp,
} from '../../domain/authentication/policy.ts';
import { AUTHENTICATION_EDGES, AUTHENTICATION_STATUSES } from '../../domain/authentication/states.ts';
import { CHALLENGE_WINDOW_MS } from '../../domain/payment/challenge.ts';
import { ownCard } from '../../sandbox/acs/cards.ts';
import { createTestDatabase } from '../support/harness.ts';
import { ROOT, read } from '../tidy/sources.ts';
import { stateDiagram, withDiagram } from './diagram.ts';

/** The page's diagram and tables are the code's. */
const PATH = 'docs/authentication.md';
const page = read(PATH);

/** The rows of the table under a heading that begins so, each as its cells. */
function table(heading: string): readonly (readonly string[])[] {
  const lines = page.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  expect(from, `the table ${heading}`).toBeGreaterThan(0);
  const rows = lines.slice(from + 2);
  return rows.slice(0, rows.indexOf('')).map((line) => line.slice(2, -2).split(' | '));
}

const words = (text = '') => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

describe('the diagram', () => {
  it('is drawn from the machine’s table', async () => {
    const drawn = withDiagram(page, stateDiagram(AUTHENTICATION_EDGES));
    const hint = `\`npx vitest run test/docs/authentication.test.ts -u\` draws it anew in ${PATH}`;
    await expect(drawn, hint).toMatchFileSnapshot(join(ROOT, PATH));
  });

  it('has every edge, and a way in and out', () => {
    expect(stateDiagram({ on: ['off', 'broken'], off: ['on'], broken: [] })).toBe(
      [
        'stateDiagram-v2',
        '    [*] --> on',
        '    on --> off',
        '    on --> broken',
        '    off --> on',
        '    broken --> [*]',
      ].join('\n'),
    );
  });

  it('wants a place', () => {
    expect(() => withDiagram('# A page', 'x')).toThrow('no place');
  });
});

const PLAIN: AuthenticationQuestion = { amountMinor: 2_000, currency: 'EUR', offSession: false, rules: {} };
const QUESTIONS: readonly Partial<AuthenticationQuestion>[] = [
  { asked: 'any' },
  { rules: { challengeFromMinor: { EUR: 2_000 } } },
  { country: 'BR', rules: { challengeCountries: ['BR'] } },
  { country: 'BR', rules: { authenticateCountries: ['BR'] } },
  { risk: 'highest' },
  { risk: 'elevated' },
  { keepsCard: true },
  { offSession: true },
  { exemption: 'secure_corporate' },
  { rules: { claimLowValue: true } },
  { rules: { claimRiskAnalysisUpToMinor: { EUR: 2_000 } } },
];

describe('the tables', () => {
  it('name every status, in the machine’s order', () => {
    expect(table('status | means').map(([status]) => words(status))).toEqual(
      AUTHENTICATION_STATUSES.map((status) => [status]),
    );
  });

  it('name every reason, and what it asks for', () => {
    const plans = QUESTIONS.map((question) => planAuthentication({ ...PLAIN, ...question }));
    const after = steppedUp(planAuthentication(PLAIN));
    const known = new Set([...plans, after].flatMap(({ reasons }) => reasons));
    const written = [...read('domain/authentication/policy.ts').matchAll(/\['([a-z_]+)'[,\]]/g)];
    expect([...new Set(written.map(([, reason]) => reason))].sort()).toEqual([...known].sort());
    const rows = [...table('reason | rule'), ...table('reason | exemption')];
    const named = new Set(rows.flatMap(([reason]) => words(reason)));
    expect([...named].sort()).toEqual([...known].sort());
    for (const { asked, reasons } of [...plans, after]) {
      const said = rows.filter(([reason]) => words(reason).some((each) => reasons.includes(each)));
      const what = asked.exemption ?? asked.request;
      expect(
        said.flatMap((cells) => cells.flatMap(words)),
        reasons.join(),
      ).toContain(what);
    }
  });

  it('name every column of the record', async () => {
    const named = table('column').flatMap(([columns]) => words(columns));
    const database = await createTestDatabase();
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string }>(
        `SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'authentication'`,
      );
      expect(named.toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
    } finally {
      await client.end();
      await database.drop();
    }
  });

  it('name cards of the sandbox', () => {
    const cards = table('Visa, Mastercard').flatMap(([numbers]) => words(numbers));
    expect(cards).toHaveLength(18);
    expect(cards.filter((number) => ownCard(number) === undefined)).toEqual([]);
  });

  it('tell the payer’s time', () => {
    const told = table('what | how long').find(([what]) => what?.startsWith("to open the issuer's page"));
    expect(told?.[1]).toContain(`${CHALLENGE_WINDOW_MS / 60_000} minutes`);
  });
});

it('names routes that there are', () => {
  const routes = new Set(apiRoutes().map(({ method, path }) => `${method.toUpperCase()} ${path}`));
  const named = [...page.matchAll(/`(GET|POST) (\/v1\/[^`?]+)`/g)].map(([, ...words]) => words.join(' '));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((each) => !routes.has(each))).toEqual([]);
});
