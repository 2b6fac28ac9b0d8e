/**
 * Temporal's codec server protocol, so that the Web UI and Temporal's CLI show operators what histories hold.
 * It decrypts whatever it is given, so it is as sensitive as the keys: loopback unless told otherwise, a
 * token before it may listen anywhere else, one browser origin, and no content in errors or logs.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { CodecError, createPayloadCodec, type KeyRing } from '../client/codec/index.ts';

export interface CodecServerOptions {
  readonly keys: KeyRing;
  /** 0 takes a free one. */
  readonly port: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /**
   * Accepted as `Authorization: Bearer <token>` and as a path segment before the verb. The Web UI can send
   * only its user's own access token, never a fixed one; but it takes any endpoint, `http://…/<token>` too.
   */
  readonly token?: string;
  /** The Web UI's origin, such as `http://127.0.0.1:8233`; several where it is known by several names. */
  readonly allowedOrigin: string | readonly string[];
  readonly bodyLimitBytes?: number;
}

export interface CodecServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Above Temporal's 4 MB for one message, in base64. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const PREFLIGHT_MAX_AGE_SECONDS = 600;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/);

/** Proto3 JSON: empty fields may be absent, bytes are base64. */
const payloadsSchema = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), base64).optional(), data: base64.optional() }))
    .default([]),
});
type WirePayloads = z.output<typeof payloadsSchema>;

/** Throws when it would listen beyond this machine without a token, or an origin isn't one. */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const { keys, port, host = '127.0.0.1', token, bodyLimitBytes = BODY_LIMIT_BYTES } = options;
  if (token === undefined && !LOOPBACK.has(host)) {
    throw new Error(`The codec server needs a token to listen on ${host}: it would decrypt for anyone.`);
  }
  if (token === '') throw new Error('The codec server was given an empty token.');
  const origins = new Set(
    typeof options.allowedOrigin === 'string' ? [options.allowedOrigin] : options.allowedOrigin,
  );
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new Error(`${origin} is not an origin (scheme://host[:port], nothing behind it).`);
    }
  }
  const app = createApp(createPayloadCodec(keys), origins, token, bodyLimitBytes);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1000 }, app);
  await listen(server, port, host);
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${name}:${address.port}`, close: () => close(server) };
}

function createApp(
  codec: PayloadCodec,
  origins: ReadonlySet<string>,
  token: string | undefined,
  bodyLimitBytes: number,
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(allowOrigins(origins));
  if (token !== undefined) app.use(requireToken(token));
  // The protocol looks at the last segment only, so that deployments may mount it at any depth.
  app.post(/\/(encode|decode)$/, requireJson, express.json({ limit: bodyLimitBytes }), async (req, res) => {
    const parsed = payloadsSchema.safeParse(req.body);
    if (!parsed.success) {
      const where = parsed.error.issues[0]?.path.join('.') || 'body';
      refuse(res, 400, 'invalid_body', `${where} is not what the codec server protocol says`);
      return;
    }
    const payloads = fromWire(parsed.data);
    const coded = req.path.endsWith('/encode') ? await codec.encode(payloads) : await codec.decode(payloads);
    res.json(toWire(coded));
  });
  app.use((_req, res) => refuse(res, 404, 'not_found', 'POST /encode or POST /decode'));
  app.use(onError);
  return app;
}

/**
 * A foreign origin is refused outright, not only left without CORS headers: that also stops a page whose
 * name was rebound to this machine's address. Tools without an origin are the token's business.
 */
function allowOrigins(origins: ReadonlySet<string>): RequestHandler {
  return (req, res, next) => {
    const origin = req.headers.origin;
    res.setHeader('Vary', 'Origin');
    res.setHeader('Cache-Control', 'no-store');
    if (origin !== undefined && !origins.has(origin)) {
      refuse(res, 403, 'origin_not_allowed', 'this origin may not use the codec server');
      return;
    }
    if (origin !== undefined) {
      res.setHeader('Access-Control-Allow-Origin', origin);
      // The Web UI has a switch to send cookies along; without this header its requests would then fail.
      res.setHeader('Access-Control-Allow-Credentials', 'true');
    }
    if (req.method !== 'OPTIONS') {
      next();
      return;
    }
    res.setHeader('Access-Control-Allow-Methods', 'POST, OPTIONS');
    res.setHeader('Access-Control-Allow-Headers', 'Content-Type, X-Namespace, Authorization');
    res.setHeader('Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_SECONDS));
    // A UI served from elsewhere, such as Temporal Cloud's, needs this to reach the user's own machine.
    if (req.headers['access-control-request-private-network'] === 'true') {
      res.setHeader('Access-Control-Allow-Private-Network', 'true');
    }
    res.status(204).end();
  };
}

function requireToken(token: string): RequestHandler {
  const expected = digestOf(token);
  const matches = (candidate: string) => timingSafeEqual(digestOf(candidate), expected);
  return (req, res, next) => {
    const bearer = /^Bearer (.+)$/i.exec(req.headers.authorization ?? '')?.[1];
    if ((bearer !== undefined && matches(bearer)) || req.path.split('/').some(matches)) {
      next();
      return;
    }
    res.setHeader('WWW-Authenticate', 'Bearer');
    refuse(res, 401, 'unauthorized', 'the codec server needs its token');
  };
}

/** Digests of equal length compare in constant time, whatever was sent. */
function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Anything else could be sent across origins by a form, without a preflight. */
const requireJson: RequestHandler = (req, res, next) => {
  if (req.is('application/json')) next();
  else refuse(res, 415, 'unsupported_media_type', 'the body must be application/json');
};

const CODEC_STATUS: Readonly<Record<CodecError['code'], number>> = {
  unknown_key: 422,
  not_authentic: 422,
  malformed: 422,
  invalid_keys: 500,
};

/** Four arguments are what makes Express take it for an error handler. */
const onError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  if (error instanceof CodecError) {
    refuse(res, CODEC_STATUS[error.code], error.code, error.message);
    return;
  }
  // The body parser quotes what it could not parse; its status says enough.
  const status = z.object({ status: z.number().int().min(400).max(499) }).safeParse(error).data?.status;
  if (status === 413) refuse(res, 413, 'body_too_large', 'the body is too large');
  else if (status !== undefined) refuse(res, status, 'invalid_body', 'the body is not readable JSON');
  else refuse(res, 500, 'internal_error', 'the codec server failed');
};

function refuse(res: Response, status: number, code: string, message: string): void {
  const type = status >= 500 ? 'api_error' : 'invalid_request_error';
  res.status(status).json({ error: { type, code, message } });
}

function fromWire({ payloads }: WirePayloads): Payload[] {
  return payloads.map(({ metadata, data }) => ({
    metadata: mapValues(metadata ?? {}, (value) => Buffer.from(value, 'base64')),
    data: Buffer.from(data ?? '', 'base64'),
  }));
}

function toWire(payloads: readonly Payload[]): WirePayloads {
  return {
    payloads: payloads.map(({ metadata, data }) => ({
      metadata: mapValues(metadata ?? {}, (value) => Buffer.from(value).toString('base64')),
      data: Buffer.from(data ?? []).toString('base64'),
    })),
  };
}

function mapValues<In, Out>(record: Record<string, In>, map: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
