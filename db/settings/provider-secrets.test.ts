import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, waitFor } from '../../test/support/harness.ts';
import { type Db, isUnavailable, openDb } from '../client.ts';
import {
  type OpenedSecrets,
  type ProviderSecretsBook,
  SecretsUnreadError,
  startProviderSecrets,
} from './provider-secrets.ts';

/** The book over a real Postgres. Records are plain JSON here: sealing is the vault's and tested there. */
let database: TestDatabase;
let db: Db;
let book: ProviderSecretsBook | undefined;
const told: unknown[] = [];
let nowMs = 1_000_000;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDb(database.url);
});
afterEach(() => {
  book?.stop();
  told.length = 0;
});
afterAll(async () => {
  await db?.$disconnect();
  await database?.drop();
});

let count = 0;
async function account(secrets?: OpenedSecrets): Promise<string> {
  count += 1;
  const id = `pa_${count}`;
  const baseUrl = 'http://127.0.0.1:1';
  await db.providerAccount.create({
    data: { id, merchantId: 'mer_1', mode: 'test', provider: 'stripe', baseUrl },
  });
  if (secrets !== undefined) await write(id, secrets);
  return id;
}

async function write(accountId: string, secrets: OpenedSecrets | 'unreadable'): Promise<void> {
  const sealed = new Uint8Array(Buffer.from(JSON.stringify(secrets)));
  await db.providerSecret.upsert({
    where: { accountId },
    create: { accountId, version: 1, sealed, facts: {} },
    update: { sealed, facts: {}, version: { increment: 1 } },
  });
}

async function start(
  file: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  tickMs = 60_000,
  on = db,
) {
  book = await startProviderSecrets({
    db: on,
    file,
    tickMs,
    now: () => nowMs,
    onError: (_error, accountId) => told.push(accountId),
    open(sealed) {
      const value: unknown = JSON.parse(Buffer.from(sealed).toString('utf8'));
      if (value === 'unreadable') throw new Error('no key opens it');
      return value as OpenedSecrets;
    },
  });
  return book;
}

it('gives what the file has, and over it, name by name, what is sealed', async () => {
  const both = await account({ values: { apiKey: 'sealed' } });
  const sealed = await account({ values: { apiKey: 'sealed' } });
  const { of } = await bound({
    [both]: { apiKey: 'file', webhookSecret: 'file' },
    pa_file: { apiKey: 'file' },
  });
  expect(of(both)).toEqual({ apiKey: 'sealed', webhookSecret: 'file' });
  expect(of(sealed)).toEqual({ apiKey: 'sealed' });
  expect(of('pa_file')).toEqual({ apiKey: 'file' });
  expect([of('pa_none'), of('constructor'), of('__proto__')]).toEqual([undefined, undefined, undefined]);
});

it('gives the same object until something changes, which it hears of by itself', async () => {
  const id = await account({ values: { apiKey: 'one' } });
  const { of } = await bound({}, 20);
  const first = of(id);
  expect(of(id)).toBe(first);
  await write(id, { values: { apiKey: 'two' } });
  await waitFor(() => of(id)?.apiKey === 'two', { what: 'the change' });
  expect(first).toEqual({ apiKey: 'one' });
});

it('hears of a change at once when asked, also of one whose transaction began before the last look', async () => {
  const id = await account();
  const { of, refresh } = await bound();
  await db.$transaction(async (tx) => {
    const sealed = new Uint8Array(Buffer.from(JSON.stringify({ values: { apiKey: 'late' } })));
    await tx.providerSecret.create({ data: { accountId: id, version: 1, sealed, facts: {} } });
    await refresh();
    expect(of(id)).toBeUndefined();
  });
  await refresh();
  expect(of(id)).toEqual({ apiKey: 'late' });
});

it('gives the webhook secret before until its time is over, and the file’s own previous one no longer', async () => {
  const previous = { value: 'old', untilMs: nowMs + 500 };
  const id = await account({ values: { webhookSecret: 'new' }, previousWebhookSecret: previous });
  const { of } = await bound({ [id]: { webhookSecret: 'older', webhookSecretPrevious: 'oldest' } });
  expect(of(id)).toEqual({ webhookSecret: 'new', webhookSecretPrevious: 'old' });
  nowMs += 500;
  expect(of(id)).toEqual({ webhookSecret: 'new' });
});

it('gives nothing of an account whose record can’t be opened, and says whose', async () => {
  const id = await account();
  await write(id, 'unreadable');
  const { of, refresh } = await bound({ [id]: { apiKey: 'somebody’s old one' } });
  expect([of(id), told]).toEqual([undefined, [id]]);
  await write(id, { values: { apiKey: 'again' } });
  await refresh();
  expect(of(id)).toEqual({ apiKey: 'again' });
});

it('a version follows the one before, and the bytes alone may be sealed anew', async () => {
  const id = await account({ values: {} });
  await expect(
    db.$executeRaw`UPDATE provider_secret SET version = 7 WHERE account_id = ${id}`,
  ).rejects.toThrow();
  await expect(
    db.$executeRaw`UPDATE provider_secret SET facts = '{"x": 1}' WHERE account_id = ${id}`,
  ).rejects.toThrow();
  await expect(
    db.$executeRaw`UPDATE provider_secret SET sealed = '\\x00' WHERE account_id = ${id}`,
  ).resolves.toBe(1);
  await expect(db.$executeRaw`DELETE FROM provider_secret WHERE account_id = ${id}`).rejects.toThrow();
});

it('starts while Postgres is away, gives nothing out, the file’s alone least of all, and reads it once it is back', async () => {
  const id = await account({ values: { apiKey: 'sealed' } });
  const server = createServer();
  const port = await listenAt(server, 0);
  server.close();
  const away = openDb(Object.assign(new URL(database.url), { port }).toString());
  const { of } = await bound(
    { [id]: { apiKey: 'what a rotation has ended' }, pa_file: { apiKey: 'file' } },
    20,
    away,
  );
  for (const accountId of [id, 'pa_file', 'pa_none']) expect(() => of(accountId)).toThrow(SecretsUnreadError);
  expect([isUnavailable(new SecretsUnreadError()), told[0]]).toEqual([true, undefined]);
  const { hostname, port: realPort } = new URL(database.url);
  server.on('connection', (from) => {
    const to = connect(Number(realPort), hostname);
    for (const socket of [from, to]) socket.on('error', () => undefined);
    from.pipe(to).pipe(from);
  });
  await listenAt(server, Number(port));
  const read = () => {
    try {
      return of(id);
    } catch {
      return undefined;
    }
  };
  await waitFor(() => read() !== undefined, { what: 'the book to have read Postgres' });
  expect([of(id), of('pa_file'), of('pa_none')]).toEqual([
    { apiKey: 'sealed' },
    { apiKey: 'file' },
    undefined,
  ]);
  book?.stop();
  await away.$disconnect();
  server.close();
});

async function listenAt(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return String((server.address() as AddressInfo).port);
}

async function bound(...given: Parameters<typeof start>) {
  const started = await start(...given);
  return { of: started.of.bind(started), refresh: started.refresh.bind(started) };
}
