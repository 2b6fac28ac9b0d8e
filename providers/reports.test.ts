import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { adyen } from './adyen/index.ts';
import type { ProviderConnection, SettlementRequest } from './provider.ts';
import { download, ReportFault } from './reports.ts';
import { stripe } from './stripe/index.ts';

/** Reports are asked for and read over real HTTP, from servers that do what servers do. */
let server: Server;
let requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  requests = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, headers, body });
    answer(request, response, body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const faultOf = (work: () => Promise<unknown>) =>
  work().then(
    () => undefined,
    (error: unknown) => (error instanceof ReportFault ? [error.message, error.retryable] : error),
  );

const read = (url: string, limits = {}) =>
  faultOf(async () => {
    const content = await download({ url: new URL(url), headers: {}, limits });
    return textOf(content ?? (async function* () {})());
  });

describe('a download', () => {
  it('is read as it comes, with the key it was given and no wish for compression', async () => {
    const url = await serve((_request, response) => {
      response.write('a,b\n');
      response.end('1,2\n');
    });
    const content = await download({ url: new URL(url), headers: { 'x-api-key': 'k' } });
    expect(await textOf(content ?? (async function* () {})())).toBe('a,b\n1,2\n');
    expect(requests[0]?.headers).toMatchObject({ 'x-api-key': 'k', 'accept-encoding': 'identity' });
  });

  it('that is not there is none', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end('no'));
    expect(await download({ url: new URL(url), headers: {} })).toBeUndefined();
  });

  it.each([
    [302, 'http_302', false],
    [401, 'http_401', false],
    [429, 'http_429', true],
    [503, 'http_503', true],
  ])('that is answered %i is no file', async (status, message, retryable) => {
    const url = await serve((_request, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(),
    );
    expect(await read(url)).toEqual([message, retryable]);
    expect(requests).toHaveLength(1);
  });

  it('that is cut short never ends as if it were whole', async () => {
    const withLength = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('a,b\n', () => request.socket.destroy());
    });
    expect(await read(withLength)).toEqual([expect.stringContaining('connection_lost'), true]);
    server.close();
    const chunked = await serve((request, response) => {
      response.write('a,b\n', () => request.socket.destroy());
    });
    expect(await read(chunked)).toEqual([expect.stringContaining('connection_lost'), true]);
  });

  it('has its time: to begin, to go on, and in all', async () => {
    const silent = await serve(() => undefined);
    expect(await read(silent, { firstByteMs: 50 })).toEqual(['no answer in time', true]);
    server.closeAllConnections();
    server.close();
    const stopping = await serve((_request, response) => response.write('a'));
    expect(await read(stopping, { idleMs: 50 })).toEqual(['the answer stopped', true]);
    server.closeAllConnections();
    server.close();
    const endless = await serve((_request, response) => {
      const drip = setInterval(() => response.write('a'), 10);
      response.once('close', () => clearInterval(drip));
    });
    expect(await read(endless, { totalMs: 100 })).toEqual(['not read in time', true]);
  });

  it('is bounded, and never unpacked', async () => {
    const large = await serve((_request, response) => response.end('x'.repeat(10_000)));
    expect(await read(large, { maxBytes: 9_999 })).toEqual(['the file is too large', false]);
    server.close();
    const packed = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    });
    expect(await read(packed)).toEqual(['the file came compressed, unasked', false]);
  });

  it('ends when whoever asked is gone', async () => {
    const url = await serve((_request, response) => response.write('a'));
    const gone = new AbortController();
    const content = await download({ url: new URL(url), headers: {}, signal: gone.signal });
    const reading = faultOf(() => textOf(content ?? (async function* () {})()));
    gone.abort();
    expect(await reading).toEqual([expect.stringContaining('connection_lost'), true]);
  });
});

const DAY: SettlementRequest = {
  businessDate: '2026-11-20',
  fromMs: Date.parse('2026-11-20T00:00:00Z'),
  toMs: Date.parse('2026-11-21T00:00:00Z'),
  held: [],
  deadlineMs: 2_000,
};

async function filesOf(connection: ProviderConnection, request: SettlementRequest = DAY) {
  const files: { name: string; format: string; text: string }[] = [];
  for await (const { name, format, content } of connection.fetchSettlement?.(request) ?? [])
    files.push({ name, format, text: await textOf(content) });
  return files;
}

describe('Stripe', () => {
  const connect = (baseUrl: string) =>
    stripe.connect({ id: 'pa_1', baseUrl, settings: {}, secrets: { apiKey: 'sk_test_1' } });
  const run = (status: string, url?: string) => ({
    id: 'frr_1',
    object: 'reporting.report_run',
    status,
    result: url === undefined ? null : { id: 'file_1', object: 'file', url },
  });

  it('makes the day’s report, and gives it once it is made', async () => {
    let looks = 0;
    const url = await serve((request, response) => {
      if (request.url === '/v1/files/file_1/contents') return void response.end('line\n');
      looks += request.method === 'GET' ? 1 : 0;
      const made = looks < 2 ? run('pending') : run('succeeded', `${url}/v1/files/file_1/contents`);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(made));
    });
    const name = 'payout_reconciliation.itemized.5_2026-11-20.csv';
    expect(await filesOf(connect(url))).toEqual([{ name, format: 'stripe', text: 'line\n' }]);
    const [order, , , file] = requests;
    expect(Object.fromEntries(new URLSearchParams(order?.body))).toEqual({
      report_type: 'payout_reconciliation.itemized.5',
      'parameters[interval_start]': String(DAY.fromMs / 1_000),
      'parameters[interval_end]': String(DAY.toMs / 1_000),
    });
    expect(file?.headers.authorization).toBe('Bearer sk_test_1');
  });

  it.each([
    [400, 'http_400, parameter_invalid', true],
    [401, 'http_401', false],
    [500, 'http_500', true],
  ])('that answers %i gives none', async (status, message, retryable) => {
    const url = await serve((_request, response) => {
      const error = {
        error: { type: 'x', message: 'secret', ...(status === 400 ? { code: 'parameter_invalid' } : {}) },
      };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(error));
    });
    expect(await faultOf(() => filesOf(connect(url)))).toEqual([message, retryable]);
  });

  it('hands its key to no other host, and takes a failed report for none', async () => {
    const url = await serve((_request, response) => {
      const made = run('succeeded', 'https://elsewhere.example/v1/files/other/contents');
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(made));
    });
    const faults = [await faultOf(() => filesOf(connect(url)))];
    server.close();
    const failing = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(run('failed')));
    });
    faults.push(await faultOf(() => filesOf(connect(failing))));
    expect(faults).toEqual([
      ['the report lies at an address that is not the provider’s', false],
      ['the report run ended as failed', true],
    ]);
  });
});

describe('Adyen', () => {
  const connect = (baseUrl: string) =>
    adyen.connect({
      id: 'pa_2',
      baseUrl,
      settings: { merchantAccount: 'Shop & Co' },
      secrets: { apiKey: 'key', reportApiKey: 'reports' },
    });
  const path = (batch: number) =>
    `/reports/download/MerchantAccount/Shop%20%26%20Co/settlement_detail_report_batch_${batch}.csv`;

  it('gives each batch after those that are held, until there is none', async () => {
    const url = await serve((request, response) => {
      const there = request.url === path(8) || request.url === path(9);
      if (there) response.end(`${request.url}\n`);
      else response.writeHead(404).end();
    });
    const held = [3, 7, 6].map((batch) => `settlement_detail_report_batch_${batch}.csv`);
    const files = await filesOf(connect(url), { ...DAY, held: [...held, 'something_else_9.csv'] });
    expect(files.map(({ name, format, text }) => [name, format, text])).toEqual(
      [8, 9].map((batch) => [`settlement_detail_report_batch_${batch}.csv`, 'adyen', `${path(batch)}\n`]),
    );
    expect(requests.map((request) => request.url)).toEqual([8, 9, 10].map(path));
    expect(requests[0]?.headers['x-api-key']).toBe('reports');
  });

  it('that answers to every number is not asked for ever', async () => {
    const url = await serve((_request, response) => response.end('x\n'));
    expect(await faultOf(() => filesOf(connect(url)))).toEqual([
      expect.stringContaining('more than 50'),
      true,
    ]);
    expect(requests).toHaveLength(50);
  });
});
