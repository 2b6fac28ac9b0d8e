import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServedRequest } from '../domain/meter.ts';
import { waitFor } from '../test/support/harness.ts';
import type { Callers } from './callers.ts';
import { answerError, beginRequest, serveRoute } from './edge.ts';
import { problem } from './problems.ts';
import type { Route, Services } from './route.ts';

const WHOLE = 2;
const HALF = 100;

let server: Server;
let served: ServedRequest[];
/** Where its handler waits, so many requests have come; and of so many the connection is gone. */
let reached: number;
let closed: number;
/** Lets the keys that are being looked up be judged. */
let judge: () => void;

const route: Route = {
  method: 'post',
  path: '/v1/payments',
  operationId: 'pay',
  summary: 'Pays',
  access: 'merchant',
  responses: {},
  run: async () => ({ status: 201, body: {} }),
};

beforeEach(async () => {
  [served, reached, closed] = [[], 0, 0];
  const judged = new Promise<void>((resolve) => {
    judge = resolve;
  });
  const services = {
    logger: pino({ level: 'silent' }),
    cards: { isLuhnValid: () => false },
    meter: { served: (each: ServedRequest) => served.push(each) },
    readingPlaces: { within: (_reader: unknown, _socket: unknown, work: () => unknown) => work() },
    isTooLong: () => false,
    isUnavailable: () => false,
  } as unknown as Services;
  const callers: Callers = {
    async identify(_route, { authorization }) {
      reached += 1;
      await judged;
      if (authorization !== 'Bearer good') throw problem('api_key_invalid');
      return {};
    },
    authorize: async (_route, _headers, known) => known,
    isByCookie: () => false,
    isStillAllowed: async () => true,
  };
  const app = express();
  app.use(beginRequest(services));
  app.use((_request, response, next) => {
    response.once('close', () => {
      closed += 1;
    });
    next();
  });
  app.post('/answered', (_request, response) => void response.end('yes'));
  app.post('/never', (request) => {
    reached += 1;
    request.resume();
  });
  app.post(route.path, ...serveRoute(route, services, callers));
  app.use(answerError(services, async () => undefined));
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  judge();
  server.closeAllConnections();
  server.close();
});

/** Two bytes of a body that is said to have so many. */
function begin(path: string, length: number, key = 'none'): ClientRequest {
  const { port } = server.address() as AddressInfo;
  const headers = { 'content-length': length, authorization: `Bearer ${key}` };
  const request = httpRequest({ port, host: '127.0.0.1', path, method: 'POST', headers });
  request.on('error', () => undefined);
  request.write('{}');
  return request;
}

/** One whose caller hangs up while its handler waits. */
async function hangUp(path: string, length: number, key?: string): Promise<void> {
  const [before, gone] = [reached, closed];
  const request = begin(path, length, key);
  await waitFor(async () => reached > before, { what: 'its handler' });
  request.destroy();
  await waitFor(async () => closed > gone, { what: 'the end of its connection' });
}

const counted = (count: number) => waitFor(async () => served[count - 1], { what: `${count} requests` });

describe('a request that is counted', () => {
  it('is answered where its answer was written', async () => {
    begin('/answered', WHOLE).end();
    expect(await counted(1)).toMatchObject({ status: 200, isAnswered: true });
  });

  it('is not answered where its caller is gone before it is decided', async () => {
    await hangUp('/never', WHOLE);
    expect(await counted(1)).toMatchObject({ isAnswered: false });
  });

  it('is none where it never came whole and nobody refused it', async () => {
    await hangUp('/never', HALF);
    begin('/answered', WHOLE).end();
    await counted(1);
    expect(served).toMatchObject([{ status: 200, isAnswered: true }]);
  });
});

describe('a request whose caller hangs up while their key is looked up', () => {
  it.each([
    ['whole', WHOLE],
    ['half', HALF],
  ])('is refused, and not unanswered, where the key is wrong (%s)', async (_what, length) => {
    await hangUp(route.path, length, 'wrong');
    expect(served).toEqual([]);
    judge();
    expect(await counted(1)).toMatchObject({ route: route.path, status: 401, isAnswered: true });
  });

  it('is not answered where the key is good', async () => {
    await hangUp(route.path, WHOLE, 'good');
    judge();
    expect(await counted(1)).toMatchObject({ route: route.path, isAnswered: false });
  });

  it('is none where the key is good and only half of it came', async () => {
    await hangUp(route.path, HALF, 'good');
    judge();
    begin(route.path, WHOLE, 'wrong').end();
    await counted(1);
    expect(served).toMatchObject([{ status: 401, isAnswered: true }]);
  });
});
