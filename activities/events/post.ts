import { Resolver } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { AttemptError, AttemptOutcome } from '../../domain/events/outcome.ts';
import { isForbiddenAddress, judgeTarget, type TargetRules } from '../../domain/events/target.ts';

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** From now until the status line must be here: resolving, connecting, sending. */
  readonly deadlineMs: number;
}

export interface Poster {
  /** Never rejects: whatever goes wrong is an outcome. Redirects are answers, and not followed. */
  post(post: Post): Promise<AttemptOutcome>;
  close(): void;
}

/** Under the usual five seconds of servers, so that no request is written into a connection about to be closed. */
const IDLE_SOCKET_MS = 4_000;
/** Nobody reads what endpoints answer; a short answer is drained so that its connection can be used again. */
const DRAINED_BYTES = 64 * 1_024;

export interface PosterOptions extends TargetRules {
  /** Where names are looked up; absent: guarded DNS, or the system's own look-up where all is allowed. */
  readonly lookup?: LookupFunction;
}

/**
 * The agents of one process. Every connection that they open goes through the guarded look-up. They bound no host:
 * each pass bounds its own endpoint, and where several share a host, one that hangs must not keep the others waiting.
 */
export function createPoster({ lookup, ...rules }: PosterOptions): Poster {
  const options = {
    keepAlive: true,
    timeout: IDLE_SOCKET_MS,
    lookup: lookup ?? (rules.privateTargets ? undefined : guardedLookup()),
  };
  const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };
  return {
    post(post) {
      // Addresses in the URL itself are never looked up, so they are judged here.
      if (judgeTarget(post.url, rules) !== undefined) return Promise.resolve(failed('forbidden_target'));
      const url = new URL(post.url);
      return request(url, post, agents[url.protocol as keyof typeof agents]);
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function request(url: URL, { body, headers, deadlineMs }: Post, agent: http.Agent): Promise<AttemptOutcome> {
  const { request: open } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve) => {
    const sent = open(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    const timer = setTimeout(() => {
      resolve(failed('timeout'));
      sent.destroy();
    }, deadlineMs);
    sent.on('close', () => clearTimeout(timer));
    sent.on('error', (error) => resolve(failed(errorOf(error))));
    sent.on('response', (response) => {
      resolve({ type: 'answered', statusCode: response.statusCode ?? 0 });
      drain(response);
    });
    sent.end(body);
  });
}

function drain(response: http.IncomingMessage): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DRAINED_BYTES) response.destroy();
  });
  response.on('error', () => undefined);
}

class ForbiddenTarget extends Error {
  override readonly name = 'ForbiddenTarget';
}

/**
 * Resolves by DNS, not by the system's threads, of which four hanging names would hold all. Judges every address
 * that the name has now: a name that meant something public when it was registered may have moved inside since.
 */
export function guardedLookup(
  resolver: Pick<Resolver, 'resolve4' | 'resolve6'> = publicResolver(),
): LookupFunction {
  return (hostname, options, callback) => {
    resolveAll(resolver, hostname).then(
      (addresses) => {
        if (addresses.some((each) => isForbiddenAddress(each.address)))
          return callback(new ForbiddenTarget('a forbidden address'), []);
        const [first] = addresses;
        if (first === undefined) return callback(notFound(hostname), []);
        return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
}

interface Address {
  readonly address: string;
  readonly family: number;
}

const RESOLVING_MS = 2_000;

function publicResolver(): Resolver {
  return new Resolver({ timeout: RESOLVING_MS, tries: 2 });
}

async function resolveAll(
  resolver: Pick<Resolver, 'resolve4' | 'resolve6'>,
  hostname: string,
): Promise<Address[]> {
  // Names of this machine (hosts file) are not in DNS; all that they can mean is inside.
  const of = (family: 4 | 6) =>
    new Promise<Address[]>((resolve) => {
      const done = (error: Error | null, addresses: string[]) =>
        resolve(error === null ? addresses.map((address) => ({ address, family })) : []);
      if (family === 4) resolver.resolve4(hostname, done);
      else resolver.resolve6(hostname, done);
    });
  const [four, six] = await Promise.all([of(4), of(6)]);
  return [...four, ...six];
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address of ${hostname}`), { code: 'ENOTFOUND' });
}

function failed(error: AttemptError): AttemptOutcome {
  return { type: 'failed', error };
}

function errorOf(error: Error): AttemptError {
  if (error instanceof ForbiddenTarget) return 'forbidden_target';
  const code = 'code' in error ? String(error.code) : '';
  if (/^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/.test(code)) return 'name_not_resolved';
  return /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME_MISMATCH)/.test(code)
    ? 'tls'
    : 'connection_failed';
}
