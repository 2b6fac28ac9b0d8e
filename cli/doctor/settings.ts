import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config, KeyRing } from '../../config/env.ts';
import { dataDirOf } from '../stack/paths.ts';
import { type Finding, findingsOf, reasonOf } from './finding.ts';

/** What can be said without asking anybody: keys, time scale, files, disk. */
const { ok, warning, failed } = findingsOf('settings');

const NEW_KEY = 'make one with: openssl rand -base64 32';
/** Of 32 random bytes hardly ever fewer are different. */
const DISTINCT_BYTES = 20;
const GIGABYTE = 2 ** 30;
const LOW_DISK = 2 * GIGABYTE;
const NO_DISK = GIGABYTE / 4;

type Env = Readonly<Record<string, string | undefined>>;

export function checkSettings(config: Config, env: Env): readonly Finding[] {
  return [nodeVersion(), ...keyStrength(config), timeScale(config), ...files(config, env), disk(env)];
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  return fits
    ? ok('Node.js', process.versions.node)
    : failed('Node.js', process.versions.node, 'install Node.js 20.19 or newer');
}

function keyStrength({ keys }: Config): readonly Finding[] {
  const named: [string, Buffer][] = [
    ...ring('INTERLOCK_CODEC_KEYS', keys.codec),
    ...ring('INTERLOCK_VAULT_KEYS', keys.vault),
    ['INTERLOCK_DIGEST_KEY', keys.digest],
  ];
  const weak = named.filter(([, key]) => new Set(key).size < DISTINCT_BYTES).map(([name]) => name);
  const seen = new Map<string, string[]>();
  for (const [name, key] of named) {
    const same = key.toString('hex');
    seen.set(same, [...(seen.get(same) ?? []), name]);
  }
  const shared = [...seen.values()].filter((names) => names.length > 1);
  return [
    weak.length === 0
      ? ok('keys', `${named.length}, each of 32 random bytes`)
      : failed('keys', `${weak.join(', ')} is not random`, `${NEW_KEY}; rotate as docs/encryption.md says`),
    ...shared.map((names) =>
      failed('keys', `${names.join(' and ')} are the same key`, `give each a key of its own: ${NEW_KEY}`),
    ),
  ];
}

function ring(name: string, { keys }: KeyRing): [string, Buffer][] {
  return Object.entries(keys).map(([id, key]) => [`${name} ${id}`, key]);
}

function timeScale({ timeScale: scale }: Config): Finding {
  return scale === 1
    ? ok('time scale', '1: waits are as long as they say')
    : warning(
        'time scale',
        `${scale}: waits are shorter than real ones, which only simulators bear`,
        'leave INTERLOCK_TIME_SCALE away before a real provider has an account',
      );
}

function files({ auditAnchorFile: anchor }: Config, env: Env): readonly Finding[] {
  const findings: Finding[] = [];
  const secrets = env.INTERLOCK_PROVIDER_SECRETS_FILE;
  if (secrets !== undefined) {
    const open = (statSync(secrets).mode & 0o077) !== 0;
    findings.push(
      open
        ? warning('provider secrets', `${secrets} can be read by others`, `chmod 600 ${secrets}`)
        : ok('provider secrets', 'the file is readable by its owner only'),
    );
  }
  if (anchor === undefined) {
    const todo =
      'set INTERLOCK_AUDIT_ANCHOR_FILE on a worker to a file that Postgres’s administrators cannot write';
    return [
      ...findings,
      warning('audit anchor', 'audit heads are kept nowhere outside of Postgres', todo.replace('’', "'")),
    ];
  }
  try {
    accessSync(dirname(anchor), constants.W_OK);
    findings.push(ok('audit anchor', anchor));
  } catch (error) {
    findings.push(
      failed(
        'audit anchor',
        `${anchor} cannot be written (${reasonOf(error)})`,
        'give the worker a folder it may write',
      ),
    );
  }
  return findings;
}

function disk(env: Env): Finding {
  const folder = dataDirOf(env);
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const detail = `${(free / GIGABYTE).toFixed(1)} GB free under ${folder}`;
    if (free < NO_DISK) return failed('disk', detail, 'make room: Postgres stops when the disk is full');
    return free < LOW_DISK
      ? warning('disk', detail, 'make room before Postgres needs it')
      : ok('disk', detail);
  } catch {
    return ok('disk', `nothing is kept under ${folder} on this machine`);
  }
}
