import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FOLDER, newKeyPair, type SftpServer, startSftpServer } from '../../test/support/sftp-server.ts';
import { DOWNLOAD_LIMITS, type DownloadLimits, ReportFault } from '../reports.ts';
import { sftpSource } from './config.ts';
import { fetchFromSftp } from './fetch.ts';

/** Files are fetched over the real protocol, from a server that does what servers do. */
const KEY = newKeyPair('open');
const LOGIN = { username: 'merchant', password: 'right', publicKey: KEY.public };

let server: SftpServer;
beforeEach(async () => {
  server = await startSftpServer(LOGIN);
});
afterEach(() => server.close());

const put = (name: string, content: string | Buffer, changedS = 1_000) =>
  server.files.set(name, { content: Buffer.from(content), changedS });

interface Over {
  readonly settings?: object;
  readonly secrets?: Record<string, string>;
  readonly held?: readonly string[];
  readonly heldFiles?: readonly { readonly name: string; readonly sizeBytes: number }[];
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly limits?: Partial<DownloadLimits>;
}

const sourceWith = ({ settings = {}, secrets = { sftpPassword: 'right' } }: Over = {}) => {
  const { port, hostKey } = server;
  const place = { host: '127.0.0.1', port, username: 'merchant', path: FOLDER, format: 'paypal', hostKey };
  const source = sftpSource({
    id: 'pa_1',
    settings: { sftp: { ...place, settleMs: 20, ...settings } },
    secrets,
  });
  if (source === undefined) throw new Error('no source');
  return source;
};

/** The files as they came, by name, and what it ended with. */
async function fetched(over: Over = {}) {
  const came: Record<string, string> = {};
  const { held = [], heldFiles, deadlineMs = 20_000, signal } = over;
  const day = { businessDate: '2026-11-20', fromMs: 0, toMs: 1, held, deadlineMs };
  try {
    const reports = fetchFromSftp(
      sourceWith(over),
      {
        ...day,
        ...(signal === undefined ? {} : { signal }),
        ...(heldFiles === undefined ? {} : { heldFiles }),
      },
      { ...DOWNLOAD_LIMITS, ...over.limits },
    );
    for await (const { name, content, format } of reports) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      came[name] = `${format}: ${Buffer.concat(chunks).toString('utf8')}`;
    }
    return { came };
  } catch (error) {
    if (!(error instanceof ReportFault)) return { came, error };
    return { came, fault: error.message, retryable: error.retryable };
  }
}

describe('the folder', () => {
  it('gives what is not held, oldest first, and nothing that is no file or not meant', async () => {
    put('STL-2.CSV', 'two', 2_000);
    put('STL-1.CSV', 'one', 1_000);
    put('STL-0.CSV', 'zero', 500);
    put('TRR-1.CSV', 'another report', 3_000);
    put('STL-3.CSV.filepart', 'half', 3_000);
    put('.STL-4.CSV', 'half', 3_000);
    const { came } = await fetched({ settings: { pattern: 'STL-*' }, held: ['STL-0.CSV'] });
    expect(Object.entries(came)).toEqual([
      ['STL-1.CSV', 'paypal: one'],
      ['STL-2.CSV', 'paypal: two'],
    ]);
    expect(server.opened).toEqual(['STL-1.CSV', 'STL-2.CSV']);
  });

  it('that has nothing new is left at once', async () => {
    put('a.csv', 'one');
    expect(await fetched({ held: ['a.csv'], settings: { settleMs: 600_000 } })).toEqual({ came: {} });
  });

  it('gives a held name again whose size is another now: it was not whole when it came', async () => {
    put('a.csv', 'one, and two');
    put('b.csv', 'one');
    const heldFiles = [
      { name: 'a.csv', sizeBytes: 3 },
      { name: 'b.csv', sizeBytes: 3 },
    ];
    expect(await fetched({ held: ['a.csv', 'b.csv'], heldFiles })).toEqual({
      came: { 'a.csv': 'paypal: one, and two' },
    });
  });

  it('leaves a name without content to whoever has taken it', async () => {
    put('empty.csv', '');
    expect(await fetched()).toMatchObject({ came: {}, retryable: true });
  });

  it('may hold years of files: those from before a day are not this account’s', async () => {
    put('old.csv', 'old', Date.parse('2026-10-31T23:59:59Z') / 1_000);
    put('new.csv', 'new', Date.parse('2026-11-01T00:00:00Z') / 1_000);
    expect(await fetched({ settings: { since: '2026-11-01' } })).toEqual({
      came: { 'new.csv': 'paypal: new' },
    });
  });

  it('says so when it is not there', async () => {
    expect(await fetched({ settings: { path: '/elsewhere' } })).toMatchObject({
      fault: expect.stringContaining('settings.sftp.path'),
      retryable: false,
    });
  });

  it('is refused where a name could not be shown', async () => {
    put('a\u001b[2J.csv', 'one');
    expect(await fetched()).toMatchObject({ fault: expect.stringContaining('pattern'), retryable: false });
  });
});

describe('a file', () => {
  it('of megabytes comes whole', async () => {
    const content = Buffer.alloc(3 * 1024 * 1024 + 17, 'a1b2c3\n');
    put('big.csv', content);
    const { came } = await fetched();
    expect(came['big.csv']).toBe(`paypal: ${content.toString()}`);
  });

  it('that grows between two looks is left for the next time, which is said after what is whole', async () => {
    put('whole.csv', 'whole');
    put('growing.csv', 'a');
    server.weather.listed = () => put('growing.csv', `${server.files.get('growing.csv')?.content}a`);
    const first = await fetched();
    expect(first).toMatchObject({ came: { 'whole.csv': 'paypal: whole' }, retryable: true });
    expect(first.fault).toContain('still being written');
    delete server.weather.listed;
    expect(await fetched({ held: ['whole.csv'] })).toEqual({ came: { 'growing.csv': 'paypal: aaa' } });
  });

  it.each([
    ['grows', 'abcdef', 1_000],
    ['is cut', 'ab', 1_000],
    ['is written anew', 'abc', 1_001],
  ])('that %s while it is read is no file', async (_what, content, changedS) => {
    put('a.csv', 'abc');
    server.weather.read = () => put('a.csv', content, changedS);
    expect(await fetched()).toEqual({
      came: {},
      fault: 'the file changed while it was read',
      retryable: true,
    });
  });

  it('whose connection is cut in its midst is no file', async () => {
    put('a.csv', Buffer.alloc(2 * 1024 * 1024, 'x'));
    server.weather.cutAfterBytes = 1024 * 1024;
    expect(await fetched()).toMatchObject({
      came: {},
      fault: expect.stringContaining('connection_lost'),
      retryable: true,
    });
  });

  it('whose server falls silent in its midst is given up', async () => {
    put('a.csv', 'abc');
    server.weather.isMute = true;
    expect(await fetched({ limits: { idleMs: 50 } })).toEqual({
      came: {},
      fault: 'the answer stopped',
      retryable: true,
    });
  });

  it('that is too large is not even begun', async () => {
    put('a.csv', 'abc');
    expect(await fetched({ limits: { maxBytes: 2 } })).toMatchObject({
      fault: 'the file is too large',
      retryable: false,
    });
    expect(server.opened).toEqual([]);
  });

  it('that nobody wants any more ends at once, with its connection', async () => {
    put('a.csv', 'abc');
    server.weather.isMute = true;
    const stop = new AbortController();
    const running = fetched({ signal: stop.signal });
    while (server.opened.length === 0) await delay(5);
    stop.abort();
    expect((await running).came).toEqual({});
  });
});

describe('the server', () => {
  it('is refused before anything is said where its host key is another', async () => {
    put('a.csv', 'abc');
    const other = `SHA256:${'A'.repeat(43)}`;
    const answer = await fetched({ settings: { hostKey: other } });
    expect(answer).toMatchObject({ fault: expect.stringContaining(server.hostKey), retryable: false });
    expect(server.sessions()).toBe(0);
    expect(await fetched({ settings: { hostKey: [other, server.hostKey] } })).toEqual({
      came: { 'a.csv': 'paypal: abc' },
    });
  });

  it.each([
    ['a password', { sftpPassword: 'right' }, {}],
    ['a password that is asked for as by a person', { sftpPassword: 'right' }, { asksPrompts: true }],
    ['a key with a passphrase', { sftpPrivateKey: KEY.private, sftpPassphrase: 'open' }, {}],
  ])('lets in by %s', async (_what, secrets, weather) => {
    put('a.csv', 'abc');
    Object.assign(server.weather, weather);
    expect(await fetched({ secrets })).toEqual({ came: { 'a.csv': 'paypal: abc' } });
  });

  it.each([
    ['a wrong password', { sftpPassword: 'wrong' }, 'sftpPassword'],
    ['a key that it doesn’t know', { sftpPrivateKey: newKeyPair().private }, 'registered'],
    ['no private key', { sftpPrivateKey: 'no key' }, 'is no private key'],
    [
      'a passphrase that doesn’t open it',
      { sftpPrivateKey: KEY.private, sftpPassphrase: 'shut' },
      'sftpPassphrase',
    ],
  ])('does not let in by %s, which is not tried again, nor quoted', async (_what, secrets, words) => {
    const { fault, retryable } = await fetched({ secrets });
    expect(fault).toContain(words);
    for (const secret of Object.values(secrets)) expect(fault).not.toContain(secret);
    expect(retryable).toBe(false);
  });

  it('that is away, or says nothing, is asked again later', async () => {
    const { port } = server;
    expect(await fetched({ settings: { port: port === 1 ? 2 : 1 } })).toEqual({
      came: {},
      fault: 'connection_lost: ECONNREFUSED',
      retryable: true,
    });
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const silent = { port: (mute.address() as AddressInfo).port };
    expect(await fetched({ settings: silent, deadlineMs: 100 })).toEqual({
      came: {},
      fault: 'no answer in time',
      retryable: true,
    });
    mute.close();
  });
});

describe('settings', () => {
  const problem = (settings: object, secrets: Record<string, string> = { sftpPassword: 'right' }) => {
    try {
      sourceWith({ settings, secrets });
    } catch (error) {
      return error instanceof ReportFault && !error.retryable ? error.message : String(error);
    }
    return undefined;
  };

  it('without sftp mean another way', () => {
    expect(sftpSource({ id: 'pa_1', settings: {}, secrets: {} })).toBeUndefined();
  });

  it.each([
    ['no host key', { hostKey: undefined }, 'settings.sftp.hostKey'],
    ['a host key that is none', { hostKey: 'SHA256:short' }, 'ssh-keyscan'],
    ['a format that nobody reads', { format: 'word' }, 'must be one of stripe, adyen'],
    ['a relative path', { path: 'outgoing' }, 'settings.sftp.path'],
    ['a member that nobody knows', { passwort: 'hidden' }, 'passwort'],
  ])('with %s are refused by name', (_what, settings, words) => {
    expect(problem(settings)).toContain(words);
    expect(problem(settings)).not.toContain('hidden');
  });

  it('without a secret are refused', () => {
    expect(problem({}, {})).toContain('sftpPassword or sftpPrivateKey is missing');
  });
});
