/**
 * What a test file may ask of the servers that this run brought up: databases of its own, the address of
 * Temporal, task queues that nobody else polls, and a way to wait for a condition instead of for a while.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';

/** The restricted role that the migrations create and every Interlock process takes on. */
export const APP_ROLE = 'interlock_app';

export type TestDatabase = {
  /** As the restricted role: what the code under test gets. */
  url: string;
  /** As the superuser: for arranging and inspecting. */
  ownerUrl: string;
  drop: () => Promise<void>;
};

/** A database of its own with all migrations applied, copied from the template in milliseconds. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(inject('templateDatabase'));
}

/** A database of its own with nothing in it. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('template0');
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const owner = new URL(adminUrl());
  owner.pathname = `/${name}`;
  return {
    ownerUrl: owner.href,
    url: `${owner.href}?options=${encodeURIComponent(`-c role=${APP_ROLE}`)}`,
    drop: () => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** Of the Postgres that no other file uses while this one runs. */
function adminUrl(): string {
  const urls = inject('postgresAdminUrls');
  const url = urls[(Number(process.env.VITEST_POOL_ID) - 1) % urls.length];
  if (url === undefined) throw new Error('this run has no Postgres: test/support/global-setup.ts starts it');
  return url;
}

async function asAdmin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** host:port of this run's Temporal server; its namespace is `default`, without TLS. */
export function temporalAddress(): string {
  return inject('temporalAddress');
}

/** The bundle of today's workflows, built once for the run. */
export function workflowBundle(): string {
  return inject('workflowBundle');
}

/** A task queue that no other test polls: isolation enough, since workflow ids derive from fresh ids. */
export function createNamespaceOrTaskQueue(): { namespace: string; taskQueue: string } {
  return { namespace: 'default', taskQueue: `test-${randomBytes(8).toString('hex')}` };
}

export type WaitOptions = { timeoutMs?: number; intervalMs?: number; what: string };

/**
 * Polls until `condition` gives something truthy, and gives that. Errors count as "not yet"; the last one is
 * told when the time is up.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<NonNullable<T>> {
  const { timeoutMs = 45_000, intervalMs = 25, what } = options;
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`, { cause: lastError });
    }
    await delay(intervalMs);
  }
}
