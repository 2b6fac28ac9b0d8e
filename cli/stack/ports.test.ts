import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { choosePort, freePort } from './ports.ts';

const servers: Server[] = [];

function listen(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

test('a free preferred port is kept', async () => {
  const preferred = await freePortElsewhere();
  expect(await choosePort(preferred)).toEqual({ port: preferred, moved: false });
});

test('a busy preferred port is replaced by one that can be bound', async () => {
  const busy = await freePort();
  await listen(busy);
  const { port, moved } = await choosePort(busy);
  expect(moved).toBe(true);
  expect(port).not.toBe(busy);
  await listen(port);
});

test('two callers never get the same port', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
});

/** A port that the module under test hasn't promised to anybody. */
function freePortElsewhere(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
