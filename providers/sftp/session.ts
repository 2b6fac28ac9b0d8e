import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import ssh2, { type ConnectConfig, type SFTPWrapper } from 'ssh2';
import { ReportFault } from '../reports.ts';
import type { SftpSource } from './config.ts';

/** A file as its server describes it; SFTP knows times to the second. */
export interface RemoteFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
}

/** One connection of one account. Every question has a deadline, and ends with a ReportFault where it fails. */
export interface SftpSession {
  /** Plain files only. */
  list(): Promise<readonly RemoteFile[]>;
  describe(name: string): Promise<RemoteFile>;
  content(name: string): Readable;
  faultOf(error: unknown): ReportFault | undefined;
  close(): void;
}

/** As much as OpenSSH gives in one answer: what a distant server sends, it sends in as few turns as may be. */
const READ_BYTES = 256 * 1024;
const KEEP_ALIVE_MS = 15_000;

interface Terms {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

export async function openSession(source: SftpSource, { deadlineMs, signal }: Terms): Promise<SftpSession> {
  signal?.throwIfAborted();
  const client = new ssh2.Client();
  const door = createDoor(source);
  // After the connection stands, too: an error that nobody hears would end the process.
  client.on('error', door.failed);
  const abandon = () => client.destroy();
  signal?.addEventListener('abort', abandon, { once: true });
  const close = () => {
    signal?.removeEventListener('abort', abandon);
    client.destroy();
  };
  const within = <T>(ask: (done: (error: unknown, answer?: T) => void) => void) =>
    asked(deadlineMs, ask, close).catch((error: unknown) => {
      throw faultOf(error) ?? lost(error);
    });
  const faultOf = (error: unknown) => door.faultOf(error);
  try {
    await within<void>((done) => {
      client.once('ready', () => done(undefined));
      client.once('error', done);
      client.once('close', () => done(door.failure ?? new Error('closed')));
      answerPrompts(client, source);
      client.connect({ ...door.config, readyTimeout: deadlineMs });
    });
    const sftp = await within<SFTPWrapper>((done) => client.sftp(done));
    sftp.on('error', door.failed);
    return { ...questions(source, sftp, within), faultOf, close };
  } catch (error) {
    close();
    throw error;
  }
}

type Within = <T>(ask: (done: (error: unknown, answer?: T) => void) => void) => Promise<T>;

function questions({ path }: SftpSource, sftp: SFTPWrapper, within: Within) {
  const pathOf = (name: string) => `${path.replace(/\/$/, '')}/${name}`;
  const fileOf = (name: string, { size, mtime }: { size: number; mtime: number }): RemoteFile => ({
    name,
    sizeBytes: size,
    changedMs: mtime * 1_000,
  });
  return {
    async list() {
      const entries = await within<Parameters<Parameters<SFTPWrapper['readdir']>[1]>[1]>((done) =>
        sftp.readdir(path, done),
      );
      // By its mode, which every server sends; a link may lead anywhere, and is no file.
      return entries
        .filter(({ attrs }) => (attrs.mode & 0o170000) === 0o100000)
        .map(({ filename, attrs }) => fileOf(filename, attrs));
    },
    async describe(name: string) {
      return fileOf(
        name,
        await within<{ size: number; mtime: number }>((done) => sftp.stat(pathOf(name), done)),
      );
    },
    content(name: string): Readable {
      const stream = sftp.createReadStream(pathOf(name), { highWaterMark: READ_BYTES });
      // Closed with its connection it fails once more, after its reader has left.
      return stream.on('error', () => undefined);
    },
  };
}

/** Who we are, whom we believe, and why we were not let in. */
function createDoor({ host, port, username, hostKeys, password, privateKey, passphrase }: SftpSource) {
  let shown: string | undefined;
  let failure: unknown;
  const config: ConnectConfig = {
    host,
    port,
    username,
    ...(password === undefined ? {} : { password, tryKeyboard: true }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(passphrase === undefined ? {} : { passphrase }),
    keepaliveInterval: KEEP_ALIVE_MS,
    // Before anything of ours is said. There is no trust at first sight: whoever answers first would have the password.
    hostVerifier: (key: Buffer) => {
      const seen = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
      if (hostKeys.includes(seen)) return true;
      shown = seen;
      return false;
    },
  };
  return {
    config,
    get failure() {
      return failure;
    },
    failed: (error: unknown) => {
      failure ??= error;
    },
    faultOf(error: unknown): ReportFault | undefined {
      if (error instanceof ReportFault) return error;
      return shown === undefined ? faultOfSsh(error, failure) : strangeKey(shown);
    },
  };
}

function strangeKey(shown: string): ReportFault {
  return new ReportFault(
    `the server shows the host key ${shown}, which settings.sftp.hostKey does not have: ask whose server it is whether ` +
      'the key was changed before it is added; nothing was sent',
    false,
  );
}

/** Some servers ask for the password as a question to a person. */
function answerPrompts(client: ssh2.Client, { password }: SftpSource): void {
  if (password === undefined) return;
  client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
    finish(prompts.length === 1 && prompts[0]?.echo !== true ? [password] : []);
  });
}

/** Status codes of SFTP version 3. */
const STATUS: Readonly<Record<number, string>> = {
  2: 'there is no such folder or file at the server: correct settings.sftp.path',
  3: 'the server does not permit it: ask for the right to read the folder of settings.sftp.path',
};

function faultOfSsh(error: unknown, failure: unknown): ReportFault | undefined {
  const {
    level,
    code,
    message = '',
  } = Object(error) as { level?: unknown; code?: unknown; message?: unknown };
  if (level === 'client-authentication')
    return new ReportFault(
      'the server took neither the user nor the secret: correct settings.sftp.username and the account’s sftpPassword or ' +
        'sftpPrivateKey, or have the key registered there',
      false,
    );
  if (level === 'client-timeout') return new ReportFault('no answer in time', true);
  if (/^Cannot parse privateKey/.test(String(message)))
    return new ReportFault('sftpPrivateKey is no private key, or sftpPassphrase does not open it', false);
  if (typeof code === 'number')
    return new ReportFault(STATUS[code] ?? `the server refused it (SFTP status ${code})`, !(code in STATUS));
  return failure === undefined ? undefined : lost(failure);
}

function lost(error: unknown): ReportFault {
  const { code } = Object(error) as { code?: unknown };
  return new ReportFault(typeof code === 'string' ? `connection_lost: ${code}` : 'connection_lost', true);
}

/** One question with a callback. Whoever doesn't answer in time isn't waited for, nor asked anything else. */
function asked<T>(
  deadlineMs: number,
  ask: (done: (error: unknown, answer?: T) => void) => void,
  giveUp: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new ReportFault('no answer in time', true));
      giveUp();
    }, deadlineMs);
    const done = (error: unknown, answer?: T) => {
      clearTimeout(late);
      if (error == null) resolve(answer as T);
      else reject(error);
    };
    try {
      ask(done);
    } catch (error) {
      done(error);
    }
  });
}
