import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/support/harness.ts';
import { type Db, openDb } from './client.ts';
import { refusePrivateTargetsForRealAccounts, refuseScaledTimeForRealAccounts } from './time-scale.ts';

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDb(database.url);
});
afterAll(async () => {
  await db?.$disconnect();
  await database?.drop();
});

const account = (id: string, baseUrl: string) =>
  db.providerAccount.create({ data: { id, merchantId: 'mer_1', mode: 'test', provider: 'stripe', baseUrl } });

it('lets waits be scaled while every account is a simulator on this machine', async () => {
  await account('pa_sandbox', 'http://127.0.0.1:4101');
  await expect(refuseScaledTimeForRealAccounts(db, 0.02)).resolves.toBeUndefined();
  await expect(refusePrivateTargetsForRealAccounts(db, true)).resolves.toBeUndefined();
});

it('refuses to start scaled beside a real provider, and says which account', async () => {
  await account('pa_real', 'https://provider.example');
  await expect(refuseScaledTimeForRealAccounts(db, 0.02)).rejects.toThrow(/pa_real.*Set it to 1/);
  await expect(refuseScaledTimeForRealAccounts(db, 1)).resolves.toBeUndefined();
  await expect(refusePrivateTargetsForRealAccounts(db, true)).rejects.toThrow(/pa_real.*Set it to refuse/);
  await expect(refusePrivateTargetsForRealAccounts(db, false)).resolves.toBeUndefined();
});

it('is not fooled by a host that only begins like this machine', async () => {
  await account('pa_fool', 'http://127.0.0.1.example/');
  await expect(refuseScaledTimeForRealAccounts(db, 0.5)).rejects.toThrow(/pa_fool/);
});
