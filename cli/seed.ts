/**
 * The demo merchant: its API key, an account at each provider, a first routing policy; and four people. Run at every start;
 * what an earlier start wrote stays, except that accounts follow the ports of the simulators.
 */
import { createHmac } from 'node:crypto';
import pg from 'pg';
import { hashPassword, type PasswordCost } from '../db/settings/index.ts';
import type { Role } from '../domain/access/roles.ts';
import { parsePolicy } from '../domain/routing/policy/index.ts';
import { apiKeyDigest } from './api-key-digest.ts';
import type { DemoAccount } from './stack/providers.ts';

export type SeedOptions = {
  /** As the schema's owner. */
  databaseUrl: string;
  accounts: readonly DemoAccount[];
  /** At least 8 characters of base64url; the API key is made of it. */
  apiKeySecret: string;
  digestKey: Buffer;
  /** Of the people's passwords; a test has no time for it. */
  passwordCost?: PasswordCost;
};

const MERCHANT_ID = 'mer_demo';
const MODE = 'test';
/** As the examples of the docs have it. Loopback addresses need no registration in test mode. */
const RETURN_ORIGINS = ['https://shop.example'];

/** Where there is an account for it. */
const LATIN_AMERICA = `
  - name: Latin America through Checkout.com
    when: currency in ["BRL", "MXN"]
    choose: { order: [checkout, stripe] }`;

/** Rules a reader can try out with one curl line each, and the order for everything else. */
const policyFor = (accounts: readonly DemoAccount[]) => `format: interlock/routing@1
name: Demo
rules:
  - name: euros through Adyen
    when: currency == "EUR"
    choose: { order: [adyen, stripe] }
  - name: large amounts through Adyen
    when: amount >= minor(1000, currency)
    choose: { order: [adyen, stripe] }${accounts.some(({ provider }) => provider === 'checkout') ? LATIN_AMERICA : ''}
otherwise:
  choose: { order: [stripe, adyen] }
# Providers are broken here on purpose, a minute ago as well: only an open circuit changes the order.
built_in: { degraded: keep }
`;

/** One of each role. Alice and bob have keys too: a resolution needs two. */
const PEOPLE = {
  alice: 'admin',
  bob: 'operator',
  carol: 'analyst',
  dave: 'read_only',
} as const satisfies Record<string, Role>;
export type DemoPerson = keyof typeof PEOPLE;
export type DemoPeople = Readonly<
  Record<DemoPerson, { readonly email: string; readonly password: string; readonly role: Role }>
>;

export type Seeded = {
  apiKey: string;
  merchantId: string;
  /** Two people, because a resolution needs two. */
  operatorKeys: { alice: string; bob: string };
  /** How they sign in at the console, unless one has changed it. */
  people: DemoPeople;
};

export async function seedDemo(options: SeedOptions): Promise<Seeded> {
  const apiKey = `sk_test_${options.apiKeySecret}`;
  const operatorKeys = {
    alice: operatorKey('alice', options.digestKey),
    bob: operatorKey('bob', options.digestKey),
  };
  const people = demoPeople(options.digestKey);
  const client = new pg.Client({ connectionString: options.databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO merchant (id, name, return_origins) VALUES ($1, 'Demo merchant', $2) ON CONFLICT DO NOTHING`,
      [MERCHANT_ID, RETURN_ORIGINS],
    );
    await client.query(
      `INSERT INTO api_key (id, merchant_id, mode, digest, name) VALUES ('key_demo', $1, $2, $3, 'demo key')
       ON CONFLICT (id) DO UPDATE SET digest = excluded.digest`,
      [MERCHANT_ID, MODE, apiKeyDigest(apiKey, options.digestKey)],
    );
    for (const account of options.accounts) {
      await client.query(
        `INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET base_url = excluded.base_url, settings = excluded.settings`,
        [account.id, MERCHANT_ID, MODE, account.provider, account.baseUrl, JSON.stringify(account.settings)],
      );
    }
    await seedPolicy(client, policyFor(options.accounts));
    for (const [name, key] of Object.entries(operatorKeys)) {
      await client.query(
        `INSERT INTO operator (id, name, digest) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET digest = excluded.digest`,
        [`opr_${name}`, name, apiKeyDigest(key, options.digestKey)],
      );
    }
    await seedPeople(client, people, options.passwordCost);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
  return { apiKey, merchantId: MERCHANT_ID, operatorKeys, people };
}

/** Only where there is none yet: what the merchant has made of it since stays. */
async function seedPolicy(client: pg.Client, policy: string): Promise<void> {
  const parsed = parsePolicy(policy);
  if (!parsed.ok) throw new Error(`the demo's policy does not parse: ${JSON.stringify(parsed.problems)}`);
  await client.query(
    `WITH made AS (
       INSERT INTO routing_policy (merchant_id, mode, version, name, status, source, document, author, activated_at)
       VALUES ($1, $2, 1, $3, 'active', $4, $5, 'system', clock_timestamp()) ON CONFLICT DO NOTHING RETURNING version)
     INSERT INTO routing_policy_event (merchant_id, mode, version, kind, to_status, actor, reason)
     SELECT $1, $2, version, 'saved', 'active', 'system', 'the demo begins with it' FROM made`,
    [MERCHANT_ID, MODE, parsed.document.name, policy, JSON.stringify(parsed.document)],
  );
}

/** Who has a password keeps it, be it this one or their own: hashing one takes as long as guessing one. */
async function seedPeople(client: pg.Client, people: DemoPeople, cost?: PasswordCost): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    'SELECT id FROM operator WHERE password_hash IS NOT NULL AND id = ANY($1)',
    [Object.keys(people).map((name) => `opr_${name}`)],
  );
  const known = new Set(rows.map(({ id }) => id));
  for (const [name, { email, password }] of Object.entries(people)) {
    if (known.has(`opr_${name}`)) continue;
    // One after another: each takes 128 MB.
    const hash = await hashPassword(password, cost);
    await client.query(
      `INSERT INTO operator (id, name, email, role, password_hash) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id) DO UPDATE SET email = excluded.email, role = excluded.role,
         password_hash = excluded.password_hash`,
      [`opr_${name}`, name, email, PEOPLE[name as DemoPerson], hash],
    );
  }
}

function demoPeople(digestKey: Buffer): DemoPeople {
  const of = (name: DemoPerson) => ({
    role: PEOPLE[name],
    email: `${name}@demo.example`,
    password: derived(digestKey, `interlock/demo-password/${name}`).slice(0, PASSWORD_LENGTH),
  });
  return { alice: of('alice'), bob: of('bob'), carol: of('carol'), dave: of('dave') };
}

/** 120 bits, and still to be typed. */
const PASSWORD_LENGTH = 20;

/** The same at every start of one stack, and another in each: it follows from the stack's own secret. */
function operatorKey(name: string, digestKey: Buffer): string {
  return `iop_${derived(digestKey, `interlock/demo-operator/${name}`)}`;
}

function derived(digestKey: Buffer, name: string): string {
  return createHmac('sha256', digestKey).update(name).digest('base64url');
}
