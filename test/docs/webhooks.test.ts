import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSigner } from '../../activities/events/sign.ts';
import { apiRoutes } from '../../api/app.ts';
import { freePort } from '../../cli/stack/ports.ts';
import { MAX_ENDPOINTS } from '../../db/settings/index.ts';
import { DELIVERY_LADDER, MAX_ATTEMPTS } from '../../domain/events/ladder.ts';
import { EVENT_TYPES } from '../../domain/events/types.ts';
import { waitFor } from '../support/harness.ts';
import { ROOT, read } from '../tidy/sources.ts';

/** The page's code is run as it stands there, against what the sender signs with; its tables are the code's. */
const page = read('docs/webhooks.md');
const OLD = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const NEW = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;

const folder = mkdtempSync(join(tmpdir(), 'interlock-docs-'));
let receiver: ChildProcess;
let port: number;
const printed: string[] = [];

function sample(name: string): string {
  const code = new RegExp(`\`\`\`js\\n// ${name.replace('.', '\\.')}\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (code === undefined) throw new Error(`no sample ${name}`);
  const path = join(folder, name);
  writeFileSync(path, code);
  return path;
}

beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  port = await freePort();
  receiver = spawn(process.execPath, [sample('receive.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, WEBHOOK_SECRET: OLD, PORT: String(port) },
  });
  if (receiver.stdout === null) throw new Error('the receiver has no standard output');
  createInterface(receiver.stdout).on('line', (line) => printed.push(line));
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/`)).status === 400, {
    what: 'the receiver',
  });
});
afterAll(async () => {
  receiver.kill('SIGKILL');
  await once(receiver, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

const body = JSON.stringify({
  id: 'evt_1',
  type: 'payment.succeeded',
  payment: 'pay_1',
  sequence: 2,
  text: 'Zoë',
});

interface Signing {
  readonly secrets?: Parameters<typeof createSigner>[0];
  readonly ageMs?: number;
}

function signed({ secrets = { current: OLD }, ageMs = 0 }: Signing = {}): Readonly<Record<string, string>> {
  const now = Date.now();
  return createSigner(secrets, now)('evt_1', body, new Date(now - ageMs));
}

const rotating = (untilMs: number): Signing => ({
  secrets: { current: NEW, previous: OLD, previousUntilMs: Date.now() + untilMs },
});

interface Case extends Signing {
  readonly what: string;
  readonly accepted: boolean;
  readonly received?: string;
}

const CASES: readonly Case[] = [
  { what: 'is as it was signed', accepted: true },
  { what: 'is signed with the old secret too', accepted: true, ...rotating(60_000) },
  { what: 'is signed with the new secret only', accepted: false, ...rotating(-1) },
  { what: 'is signed with another secret', accepted: false, secrets: { current: OTHER } },
  { what: 'was changed', accepted: false, received: body.replace('pay_1', 'pay_2') },
  { what: 'is four minutes old', accepted: true, ageMs: 240_000 },
  { what: 'is six minutes old', accepted: false, ageMs: 360_000 },
];

describe('the samples of verification', () => {
  it.each(CASES)('with the library: what $what', async ({ accepted, received = body, ...signing }) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: signed(signing),
      body: received,
    });
    expect(response.status).toBe(accepted ? 204 : 400);
  });

  it('take each event once', async () => {
    await waitFor(() => printed.length > 0, { what: 'a line' });
    expect(printed).toEqual(['payment.succeeded pay_1 2']);
  });

  it.each(CASES)('by hand: what $what', async ({ accepted, received = body, ...signing }) => {
    const { verify } = await import(pathToFileURL(sample('verify.mjs')).href);
    expect(verify(received, signed(signing), OLD)).toBe(accepted);
  });
});

describe('the tables', () => {
  const cells = [...page.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) => row.split(' | '));

  it('name every type of event', () => {
    const named = cells.flatMap(([first = '']) => [...first.matchAll(/`((?:payment|refund)\.[a-z_]+)`/g)]);
    expect(named.map(([, type]) => type).toSorted()).toEqual([...EVENT_TYPES].toSorted());
  });

  it('tell the waits between attempts', () => {
    const unit = { minute: 60_000, hour: 3_600_000 };
    const told = cells.flatMap(([times = '', wait = '']) => {
      const match = /^(\d+) (minute|hour)s?$/.exec(wait);
      if (match === null) return [];
      const waitMs = Number(match[1]) * unit[match[2] as keyof typeof unit];
      return [{ times: Number(times), waitMs }];
    });
    expect(told).toEqual(DELIVERY_LADDER);
    expect(MAX_ATTEMPTS).toBe(19);
    expect(page).toContain('nineteen attempts in all');
    expect(page).toContain(`There may be ${MAX_ENDPOINTS} endpoints`);
  });

  it('and samples name routes that there are', () => {
    const routes = new Set(apiRoutes().map(({ method, path }) => `${method.toUpperCase()} ${path}`));
    const named = [...page.matchAll(/`(GET|POST) (\/v1\/[^`?]+)`/g)].map(
      ([, method, path]) => `${method} ${path}`,
    );
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((each) => !routes.has(each))).toEqual([]);
    const called = [...page.matchAll(/\$API(\/v1\/[^\s"?]+)/g)].map(([, path = '']) =>
      path.replace(/(we|evt|pay)_\.\.\./, ':id'),
    );
    const paths = new Set(apiRoutes().map(({ path }) => path));
    expect(called.length).toBeGreaterThan(5);
    expect(called.filter((each) => !paths.has(each))).toEqual([]);
  });
});
