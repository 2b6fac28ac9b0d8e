import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, { type AuthContext, type Connection, type SFTPWrapper } from 'ssh2';

/** An SFTP server as a provider or a bank runs one: the real protocol over 127.0.0.1, with a folder of files in memory. */
export interface SftpServer {
  readonly port: number;
  /** Its host key's fingerprint, as `ssh-keygen -lf` prints it. */
  readonly hostKey: string;
  /** What lies in the folder, by name. Whatever is changed here is so for whoever reads at that time. */
  readonly files: Map<string, RemoteContent>;
  /** Names of the files that were opened, in order. */
  readonly opened: string[];
  /** How many were let in. */
  readonly sessions: () => number;
  /** What happens beside the protocol. */
  readonly weather: Weather;
  close(): Promise<void>;
}

export interface RemoteContent {
  content: Buffer;
  changedS: number;
}

export interface Weather {
  /** The connection breaks once a file has been read this far. */
  cutAfterBytes?: number;
  /** So much a server gives in one answer at most. */
  mostBytesARead?: number;
  /** Called at each look into the folder, before it is answered. */
  listed?: () => void;
  /** Called at each read, before it is answered. */
  read?: (name: string, offset: number) => void;
  /** The password is asked for as a question to a person. */
  asksPrompts?: boolean;
  /** Whoever asks for a file's content hears nothing. */
  isMute?: boolean;
}

export interface Login {
  readonly username: string;
  readonly password?: string;
  /** In OpenSSH's form, as one line of `authorized_keys`. */
  readonly publicKey?: string;
}

export const FOLDER = '/outgoing';
const REGULAR = 0o100644;
const { STATUS_CODE } = ssh2.utils.sftp;

/** Now and then ssh2 writes a key that it can't read itself. */
export function newKeyPair(passphrase?: string) {
  const make = () =>
    passphrase === undefined
      ? ssh2.utils.generateKeyPairSync('ed25519')
      : ssh2.utils.generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 1 });
  for (;;) {
    const pair = make();
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
  }
}

export async function startSftpServer(login: Login): Promise<SftpServer> {
  const key = newKeyPair();
  const files: SftpServer['files'] = new Map();
  const weather: Weather = {};
  const opened: string[] = [];
  const open = new Set<Connection>();
  let sessions = 0;
  const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
    open.add(client);
    // Clients that leave in the midst, or find a strange host key, are what is tried.
    client.on('error', () => undefined);
    client.on('close', () => open.delete(client));
    client.on('authentication', (attempt) => admit(attempt, login, weather));
    client.on('ready', () => {
      sessions += 1;
    });
    client.on('session', (accept) =>
      accept().on('sftp', (acceptSftp) =>
        serveFolder(acceptSftp(), { files, weather, opened, cut: () => client.end() }),
      ),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const parsed = ssh2.utils.parseKey(key.public);
  if (parsed instanceof Error) throw parsed;
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: `SHA256:${createHash('sha256').update(parsed.getPublicSSH()).digest('base64').replace(/=+$/, '')}`,
    files,
    opened,
    sessions: () => sessions,
    weather,
    async close() {
      for (const each of open) each.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function admit(attempt: AuthContext, login: Login, { asksPrompts }: Weather): void {
  const decide = (isIn: boolean) => {
    if (isIn) attempt.accept();
    else attempt.reject([asksPrompts === true ? 'keyboard-interactive' : 'password', 'publickey']);
  };
  if (asksPrompts === true && attempt.method === 'keyboard-interactive')
    attempt.prompt({ prompt: 'Password: ', echo: false }, ([answer]) => decide(answer === login.password));
  else decide(attempt.username === login.username && isProven(attempt, login, asksPrompts === true));
}

function isProven(attempt: AuthContext, { password, publicKey }: Login, asksPrompts: boolean): boolean {
  if (attempt.method === 'password')
    return !asksPrompts && password !== undefined && attempt.password === password;
  if (attempt.method !== 'publickey' || publicKey === undefined) return false;
  const known = ssh2.utils.parseKey(publicKey);
  if (known instanceof Error) throw known;
  const { key, signature, blob, hashAlgo } = attempt;
  if (key.algo !== known.type || !key.data.equals(known.getPublicSSH())) return false;
  // Without a signature the client only asks whether the key would do.
  return signature === undefined || (blob !== undefined && known.verify(blob, signature, hashAlgo) === true);
}

interface Folder extends Pick<SftpServer, 'files' | 'weather' | 'opened'> {
  cut(): void;
}

function serveFolder(sftp: SFTPWrapper, { files, weather, opened, cut }: Folder): void {
  /** By handle: a file's name, or a look into the folder and whether it is over. */
  const handles = new Map<number, { name?: string; isOver: boolean }>();
  let next = 0;
  const handle = (of: { name?: string }) => {
    const id = next++;
    handles.set(id, { ...of, isOver: false });
    return Buffer.from(String(id));
  };
  const at = (buffer: Buffer) => handles.get(Number(buffer.toString()));
  const nameOf = (path: string) => path.slice(FOLDER.length + 1);
  const attributesOf = ({ content, changedS }: RemoteContent) => ({
    ...{ mode: REGULAR, uid: 0, gid: 0, size: content.length },
    ...{ atime: changedS, mtime: changedS },
  });
  sftp.on('OPENDIR', (id, path) => {
    if (path !== FOLDER) return sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    weather.listed?.();
    return sftp.handle(id, handle({}));
  });
  sftp.on('READDIR', (id, buffer) => {
    const look = at(buffer);
    if (look === undefined || look.isOver) return sftp.status(id, STATUS_CODE.EOF);
    look.isOver = true;
    const entry = (filename: string, mode: number, attrs: ReturnType<typeof attributesOf>) => ({
      filename,
      longname: filename,
      attrs: { ...attrs, mode },
    });
    const folder = { content: Buffer.alloc(0), changedS: 0 };
    return sftp.name(id, [
      entry('.', 0o040755, attributesOf(folder)),
      entry('archive', 0o040755, attributesOf(folder)),
      ...[...files].map(([name, file]) => entry(name, REGULAR, attributesOf(file))),
    ]);
  });
  sftp.on('STAT', (id, path) => {
    const file = files.get(nameOf(path));
    if (file === undefined) return sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    return sftp.attrs(id, attributesOf(file));
  });
  sftp.on('OPEN', (id, path) => {
    const name = nameOf(path);
    if (!files.has(name)) return sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    opened.push(name);
    return sftp.handle(id, handle({ name }));
  });
  sftp.on('READ', (id, buffer, offset, length) => {
    const name = at(buffer)?.name ?? '';
    weather.read?.(name, offset);
    if (weather.isMute === true) return undefined;
    if (weather.cutAfterBytes !== undefined && offset >= weather.cutAfterBytes) return cut();
    const bytes =
      files
        .get(name)
        ?.content.subarray(offset, offset + Math.min(length, weather.mostBytesARead ?? length)) ??
      Buffer.alloc(0);
    return bytes.length === 0 ? sftp.status(id, STATUS_CODE.EOF) : sftp.data(id, bytes);
  });
  sftp.on('CLOSE', (id, buffer) => {
    handles.delete(Number(buffer.toString()));
    sftp.status(id, STATUS_CODE.OK);
  });
}
