import { randomUUID } from 'node:crypto';
import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../test/support/harness.ts';
import { type System, startSystem } from '../test/support/system.ts';
import { canaryScheduleId, keepCanary } from './canary.ts';
import { createDataConverter } from './codec/index.ts';
import { connectClient } from './connection.ts';

let system: System;
let client: Client;
beforeAll(async () => {
  system = await startSystem({ worker: false });
  const { temporal, keys } = system.config;
  client = await connectClient(temporal, createDataConverter(keys.codec));
});
afterAll(async () => {
  await client?.connection.close();
  await system?.close();
});

const isThere = (id: string) =>
  client.schedule
    .getHandle(id)
    .describe()
    .then(
      () => true,
      (error: unknown) => {
        if (error instanceof ScheduleNotFoundError) return false;
        throw error;
      },
    );

it('only who says `off` takes the canaries from an installation; who knows nothing of them leaves them', async () => {
  const parts = { client, taskQueue: `canary-test-${randomUUID()}` };
  const id = canaryScheduleId(parts.taskQueue);
  const failures: unknown[] = [];
  const keep = async (every: number | 'off' | undefined) =>
    keepCanary(parts, every, (error) => failures.push(error)).stop();
  await keep(3_600_000);
  expect(await isThere(id)).toBe(true);
  await keep(undefined);
  expect(await isThere(id)).toBe(true);
  await keep('off');
  expect(await isThere(id)).toBe(false);
  await keep('off');
  expect(failures).toEqual([]);
});

it('tries again until the Schedule is there', async () => {
  const taskQueue = `canary-test-${randomUUID()}`;
  let calls = 0;
  // Temporal is away for the first two.
  const schedule = new Proxy(client.schedule, {
    get(target, name) {
      if (name !== 'create') return Reflect.get(target, name, target) as unknown;
      return (...args: Parameters<typeof target.create>) => {
        calls += 1;
        return calls <= 2 ? Promise.reject(new Error('away')) : target.create(...args);
      };
    },
  });
  const failures: unknown[] = [];
  const kept = keepCanary(
    { client: { schedule } as unknown as Client, taskQueue },
    3_600_000,
    (error) => failures.push(error),
    10,
  );
  await waitFor(() => isThere(canaryScheduleId(taskQueue)), { what: 'the Schedule' });
  expect(failures).toHaveLength(2);
  await kept.stop();
  await client.schedule.getHandle(canaryScheduleId(taskQueue)).delete();
});
