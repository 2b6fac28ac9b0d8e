import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../config/search-attributes.ts';
import { temporalAddress } from '../../test/support/harness.ts';
import { connectTemporal, ensureSearchAttributes, temporalArgs } from './temporal.ts';
import { obtainTemporalBinary } from './temporal-binary.ts';

const serverConfig = () => ({ address: temporalAddress(), namespace: 'default', taskQueue: 'unused' });

test('the embedded server knows every search attribute from its start', async () => {
  const connection = await connectTemporal(serverConfig());
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: 'default',
    });
    expect(Object.keys(customAttributes ?? {})).toEqual(
      expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)),
    );
    expect(await ensureSearchAttributes(connection, 'default')).toEqual([]);
  } finally {
    await connection.close();
  }
});

test('a namespace that lacks them gets them, once', async () => {
  const connection = await connectTemporal(serverConfig());
  const namespace = `bare-${process.pid}-${Date.now()}`;
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const added = await eventually(() => ensureSearchAttributes(connection, namespace));
    expect(added.sort()).toEqual(Object.keys(SEARCH_ATTRIBUTES).sort());
    expect(await ensureSearchAttributes(connection, namespace)).toEqual([]);
  } finally {
    await connection.close();
  }
});

test('an address where nothing listens is named in the error', async () => {
  const nowhere = { address: '127.0.0.1:1', namespace: 'default', taskQueue: 'unused' };
  await expect(connectTemporal(nowhere)).rejects.toThrow(/127\.0\.0\.1:1.*TEMPORAL_ADDRESS/);
}, 30_000);

test('a data file brings WAL and full synchronisation; without one nothing is written', () => {
  const durable = temporalArgs({
    port: 7233,
    uiPort: 8233,
    dbPath: '/data/temporal.db',
    codecEndpoint: 'http://c',
  });
  expect(durable.join(' ')).toContain('--sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=2');
  expect(durable.join(' ')).toContain('--ui-port 8233 --ui-codec-endpoint http://c');
  const inMemory = temporalArgs({ port: 7233 });
  expect(inMemory).toContain('--headless');
  expect(inMemory).not.toContain('--db-filename');
});

test('where no server can be had, the error names the compose file', async () => {
  const home = mkdtempSync(join(tmpdir(), 'interlock-no-temporal-'));
  try {
    // No PATH and a proxy that refuses: neither a binary, nor a download, nor Go.
    const env = {
      HOME: home,
      PATH: '',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      https_proxy: 'http://127.0.0.1:1',
    };
    const lines: string[] = [];
    const attempt = obtainTemporalBinary({ env, onProgress: (line) => lines.push(line) });
    await expect(attempt).rejects.toThrow(/docker-compose\.temporal\.yml/);
    expect(lines.join('\n')).toContain('go install');
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}, 60_000);

/** A namespace is usable a moment after it was registered. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
