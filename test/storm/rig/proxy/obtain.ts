/** Finds toxiproxy's server, or builds it with Go; else the storm's own proxy has to do, and it says so. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirOf } from '../../../../cli/stack/paths.ts';
import { findOnPath } from '../../../../cli/stack/temporal-binary.ts';

const GO_PACKAGE = 'github.com/Shopify/toxiproxy/v2/cmd/server@latest';
const BUILD_LIMIT_MS = 5 * 60_000;
const OWN_SERVER = fileURLToPath(new URL('./own-server.ts', import.meta.url));

type Env = Record<string, string | undefined>;

export interface ProxyProgram {
  /** `toxiproxy <version>`, or `own`. */
  readonly name: string;
  commandFor(port: number): { readonly command: string; readonly args: readonly string[] };
}

const OWN: ProxyProgram = {
  name: 'own',
  commandFor: (port) => ({
    command: process.execPath,
    args: ['--import', 'tsx', OWN_SERVER, String(port)],
  }),
};

/** Toxiproxy's program is called `server`, as many are: only its own words prove it. */
function versionOf(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const { status, stdout } = spawnSync(path, ['-version'], { timeout: 10_000, encoding: 'utf8' });
  return status === 0 ? /toxiproxy\S* version (\S+)/i.exec(stdout)?.[1] : undefined;
}

function toxiproxy(path: string): ProxyProgram | undefined {
  const version = versionOf(path);
  if (version === undefined) return undefined;
  return {
    name: `toxiproxy ${version}`,
    commandFor: (port) => ({ command: path, args: ['-host', '127.0.0.1', '-port', String(port)] }),
  };
}

function candidates(env: Env, cached: string): string[] {
  const goPath = env.GOPATH ?? join(env.HOME ?? homedir(), 'go');
  const goBins = [env.GOBIN, ...goPath.split(delimiter).map((path) => join(path, 'bin'))];
  return [
    findOnPath('toxiproxy-server', env),
    cached,
    ...goBins.flatMap((bin) => (bin === undefined || bin === '' ? [] : [join(bin, 'server')])),
  ].filter((path) => path !== undefined);
}

async function buildWithGo(env: Env, cached: string): Promise<string | undefined> {
  const go = findOnPath('go', env);
  if (go === undefined) return 'there is no Go on PATH';
  const binDir = join(cached, '..');
  mkdirSync(binDir, { recursive: true });
  const child = spawn(go, ['install', GO_PACKAGE], {
    env: { ...env, GOBIN: binDir, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_LIMIT_MS,
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
  const failed = once(child, 'error').then(([error]: unknown[]) => String(error));
  const [code] = (await Promise.race([once(child, 'close'), failed.then((why) => [why])])) as [unknown];
  if (code !== 0) return errors.trim().split('\n').at(-1) || String(code);
  renameSync(join(binDir, 'server'), cached);
  return undefined;
}

/** `own` forces the storm's own proxy; else toxiproxy where it can be had. */
export async function obtainProxy(
  choice: 'auto' | 'own',
  env: Env,
  say: (line: string) => void,
): Promise<ProxyProgram> {
  if (choice === 'own') return OWN;
  const cached = join(cacheDirOf(env), 'bin', 'toxiproxy-server');
  for (const path of candidates(env, cached)) {
    const found = toxiproxy(path);
    if (found !== undefined) return found;
  }
  say('no toxiproxy here yet: building it with Go, once');
  const failure = await buildWithGo(env, cached);
  const built = failure === undefined ? toxiproxy(cached) : undefined;
  if (built !== undefined) return built;
  say(
    `toxiproxy could not be had (${failure ?? 'it does not run'}): the storm's own proxy makes the network faults`,
  );
  return OWN;
}
