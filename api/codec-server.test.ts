import { randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPayloadCodec, type KeyRing } from '../client/codec/index.ts';
import { type CodecServer, startCodecServer } from './codec-server.ts';

const KEYS: KeyRing = { activeId: 'k2', keys: { k1: randomBytes(32), k2: randomBytes(32) } };
const UI = 'http://127.0.0.1:8233';
const UI_BY_NAME = 'http://localhost:8233';
const FOREIGN = 'https://evil.example';
const TOKEN = randomBytes(16).toString('hex');
const SECRET = 'content-marker';

let open: CodecServer;
let guarded: CodecServer;

beforeAll(async () => {
  const options = { keys: KEYS, port: 0, allowedOrigin: [UI, UI_BY_NAME], bodyLimitBytes: 64 * 1024 };
  open = await startCodecServer(options);
  guarded = await startCodecServer({ ...options, allowedOrigin: UI, token: TOKEN });
});

afterAll(async () => {
  await open.close();
  await guarded.close();
});

type Wire = { payloads: { metadata: Record<string, string>; data: string }[] };

function base64(bytes: Uint8Array | string | null | undefined): string {
  return Buffer.from(bytes ?? '').toString('base64');
}

function toWire(payloads: Payload[]): Wire {
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)]),
      ),
      data: base64(data),
    })),
  };
}

const plain: Wire = {
  payloads: [
    { metadata: { encoding: base64('json/plain') }, data: base64(JSON.stringify({ note: SECRET })) },
    { metadata: { encoding: base64('binary/null') }, data: '' },
  ],
};

async function encryptedWith(ring: KeyRing): Promise<Wire> {
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(`"${SECRET}"`) };
  return toWire(await createPayloadCodec(ring).encode([payload]));
}

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Namespace': 'default', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function errorCodeOf(response: Response): Promise<string> {
  const text = await response.text();
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(base64(SECRET).slice(0, 12));
  return JSON.parse(text).error.code;
}

describe('the protocol', () => {
  it('decodes what clients and workers encoded, under every key of the ring', async () => {
    for (const activeId of ['k1', 'k2']) {
      const response = await post(`${open.url}/decode`, await encryptedWith({ ...KEYS, activeId }));
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await response.json()).toEqual({
        payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64(`"${SECRET}"`) }],
      });
    }
  });

  it('encodes under the active key, and its own answer decodes to the same payloads', async () => {
    const encoded = (await (await post(`${open.url}/encode`, plain)).json()) as Wire;
    expect(encoded.payloads.map(({ metadata }) => metadata['encryption-key-id'])).toEqual([
      base64('k2'),
      base64('k2'),
    ]);
    expect(JSON.stringify(encoded)).not.toContain(base64(SECRET).slice(0, 12));
    expect(await (await post(`${open.url}/decode`, encoded)).json()).toEqual(plain);
  });

  it('takes absent fields for empty ones, and passes unencrypted payloads through', async () => {
    expect(await (await post(`${open.url}/decode`, {})).json()).toEqual({ payloads: [] });
    expect(await (await post(`${open.url}/decode`, { payloads: [{}] })).json()).toEqual({
      payloads: [{ metadata: {}, data: '' }],
    });
    expect(await (await post(`${open.url}/decode`, plain)).json()).toEqual(plain);
  });

  it('is found at any depth, by its last segment', async () => {
    expect((await post(`${open.url}/codec/default/decode`, plain)).status).toBe(200);
    expect((await post(`${open.url}/decode/other`, plain)).status).toBe(404);
    expect((await fetch(`${open.url}/decode`)).status).toBe(404);
  });
});

describe('browsers', () => {
  const preflight = (server: CodecServer, origin: string) =>
    fetch(`${server.url}/decode`, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,x-namespace,authorization',
        'Access-Control-Request-Private-Network': 'true',
      },
    });

  it('of the Web UI pass the preflight, without a token, and may read the answer', async () => {
    for (const [server, origin] of [
      [open, UI],
      [open, UI_BY_NAME],
      [guarded, UI],
    ] as const) {
      const response = await preflight(server, origin);
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(response.headers.get('access-control-allow-methods')).toContain('POST');
      expect(response.headers.get('access-control-allow-private-network')).toBe('true');
      const allowed = response.headers.get('access-control-allow-headers')?.toLowerCase().split(', ');
      expect(allowed).toEqual(expect.arrayContaining(['content-type', 'x-namespace', 'authorization']));
    }
    const answer = await post(`${open.url}/decode`, plain, { Origin: UI });
    expect(answer.headers.get('access-control-allow-origin')).toBe(UI);
    expect(answer.headers.get('vary')).toContain('Origin');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('may read a refusal too, so that the Web UI can show why', async () => {
    const refusal = await post(`${guarded.url}/decode`, plain, { Origin: UI });
    expect(refusal.status).toBe(401);
    expect(refusal.headers.get('access-control-allow-origin')).toBe(UI);
  });

  it('of any other origin get nothing, token or not', async () => {
    for (const origin of [FOREIGN, 'null', `${UI}.evil.example`, 'http://127.0.0.1:9999']) {
      const denied = await preflight(open, origin);
      expect(denied.headers.get('access-control-allow-origin')).toBeNull();
      const encrypted = await encryptedWith(KEYS);
      const response = await post(`${open.url}/decode`, encrypted, { Origin: origin });
      expect([response.status, await errorCodeOf(response)]).toEqual([403, 'origin_not_allowed']);
      const withToken = { Origin: origin, Authorization: `Bearer ${TOKEN}` };
      expect((await post(`${guarded.url}/decode`, encrypted, withToken)).status).toBe(403);
    }
  });

  it('cannot slip a form past the preflight', async () => {
    const response = await post(`${open.url}/decode`, plain, { 'Content-Type': 'text/plain' });
    expect([response.status, await errorCodeOf(response)]).toEqual([415, 'unsupported_media_type']);
  });
});

describe('the token', () => {
  it('is needed on both verbs and on paths that do not exist', async () => {
    for (const path of ['/decode', '/encode', '/', '/other', `/${TOKEN}x/decode`, `/decode?token=${TOKEN}`]) {
      const response = await post(`${guarded.url}${path}`, plain);
      expect([response.status, await errorCodeOf(response)]).toEqual([401, 'unauthorized']);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
    for (const value of ['', 'Bearer ', `Bearer ${TOKEN}0`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`]) {
      const response = await post(`${guarded.url}/decode`, plain, { Authorization: value });
      expect(response.status).toBe(401);
    }
  });

  it('opens as a bearer token, and inside the endpoint where the Web UI can send none', async () => {
    const bearer = await post(`${guarded.url}/decode`, plain, { Authorization: `Bearer ${TOKEN}` });
    expect(bearer.status).toBe(200);
    expect((await post(`${guarded.url}/${TOKEN}/decode`, plain)).status).toBe(200);
  });

  it('is a condition for listening beyond this machine', async () => {
    const options = { keys: KEYS, port: 0, host: '0.0.0.0', allowedOrigin: UI };
    await expect(startCodecServer(options)).rejects.toThrow(/token/);
    await expect(startCodecServer({ ...options, token: '' })).rejects.toThrow(/token/);
    for (const allowedOrigin of ['*', 'null', `${UI}/`, '127.0.0.1:8233']) {
      await expect(startCodecServer({ keys: KEYS, port: 0, allowedOrigin })).rejects.toThrow(/origin/);
    }
  });

  it('listens on this machine only by default', () => {
    expect(new URL(open.url).hostname).toBe('127.0.0.1');
  });
});

describe('bad input', () => {
  it.each([
    ['no JSON', `{"payloads": "${SECRET}`, 400, 'invalid_body'],
    ['an array', '[]', 400, 'invalid_body'],
    ['payloads of another type', { payloads: SECRET }, 400, 'invalid_body'],
    ['data that is not base64', { payloads: [{ data: `${SECRET}!` }] }, 400, 'invalid_body'],
    ['metadata that is not text', { payloads: [{ metadata: { encoding: 1 } }] }, 400, 'invalid_body'],
    ['a body above the limit', { payloads: [{ data: 'A'.repeat(70_000) }] }, 413, 'body_too_large'],
    ['deep nesting', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 400, 'invalid_body'],
  ])('%s is refused without an echo', async (_name, body, status, code) => {
    const response = await post(`${open.url}/decode`, body);
    expect([response.status, await errorCodeOf(response)]).toEqual([status, code]);
  });

  it('a payload that does not open names its key, not its content', async () => {
    const wire = await encryptedWith({ activeId: 'k9', keys: { k9: randomBytes(32) } });
    const unknown = await post(`${open.url}/decode`, wire);
    expect(unknown.status).toBe(422);
    const { error } = (await unknown.json()) as { error: unknown };
    expect(error).toMatchObject({
      code: 'unknown_key',
      message: expect.stringContaining('k9'),
    });

    const [encrypted] = (await encryptedWith(KEYS)).payloads;
    const bytes = Buffer.from(encrypted?.data ?? '', 'base64');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    const altered = await post(`${open.url}/decode`, { payloads: [{ ...encrypted, data: base64(bytes) }] });
    expect([altered.status, await errorCodeOf(altered)]).toEqual([422, 'not_authentic']);
  });
});

describe('closing', () => {
  it('ends with keep-alive connections open, and frees the port', async () => {
    const server = await startCodecServer({ keys: KEYS, port: 0, allowedOrigin: UI });
    await post(`${server.url}/decode`, plain);
    await server.close();
    await expect(post(`${server.url}/decode`, plain)).rejects.toThrow();
    const port = Number(new URL(server.url).port);
    const again = await startCodecServer({ keys: KEYS, port, allowedOrigin: UI });
    await expect(startCodecServer({ keys: KEYS, port, allowedOrigin: UI })).rejects.toThrow(/EADDRINUSE/);
    await again.close();
  });
});
