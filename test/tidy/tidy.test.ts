import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXEMPT, ROOMS } from './arrows.ts';
import { functionsOf, importsOf, ROOT, read, trackedFiles } from './sources.ts';

/** The house's rules that a machine can see. Each failure names the file and what to do. */
const sources = trackedFiles(/\.(tsx?|mjs|cjs)$/);
const isTest = (path: string) =>
  /\.test\.ts$/.test(path) || /(^|\/)test-support\//.test(path) || path.startsWith('sandbox/testing');
const isExempt = (path: string) => EXEMPT.some((room) => path.startsWith(`${room}/`));
const roomOf = (path: string) => path.split('/')[0] ?? '';

function mayImport(from: string, target: string, typeOnly: boolean): boolean {
  const room = ROOMS[roomOf(from)];
  if (room === undefined || roomOf(from) === roomOf(target)) return true;
  const listed = (names: readonly string[] = []) =>
    names.some((name) => target === name || target.startsWith(`${name}/`));
  const exceptions = Object.entries(room.exceptions ?? {})
    .filter(([path]) => from === path || from.startsWith(`${path}/`))
    .flatMap(([, names]) => names);
  return listed(room.may) || listed(exceptions) || (typeOnly && listed(room.typesOnly));
}

describe('rooms', () => {
  it('every top-level folder with code is a room of the table or exempt', () => {
    const rooms = new Set(sources.filter((path) => path.includes('/')).map(roomOf));
    const unknown = [...rooms].filter(
      (room) => ROOMS[room] === undefined && !EXEMPT.some((each) => each === room),
    );
    expect(unknown).toEqual([]);
  });

  it('no import crosses between rooms unless the table lists the arrow', () => {
    const forbidden = sources
      .filter((path) => !isTest(path) && !isExempt(path))
      .flatMap((path) =>
        importsOf(path)
          .filter(({ target, typeOnly }) => target !== undefined && !mayImport(path, target, typeOnly))
          .map(({ target, typeOnly }) => `${path} -> ${target}${typeOnly ? ' (type)' : ''}`),
      );
    expect(forbidden).toEqual([]);
  });

  it('the check itself sees a forbidden arrow', () => {
    expect(mayImport('domain/payment/decide.ts', 'db/client.ts', true)).toBe(false);
    expect(mayImport('api/app.ts', 'providers/registry.ts', false)).toBe(false);
    expect(mayImport('workflows/payment/workflow.ts', 'activities/index.ts', false)).toBe(false);
    expect(mayImport('workflows/payment/workflow.ts', 'activities/index.ts', true)).toBe(true);
  });

  it('pure code and workflows import nothing that does I/O', () => {
    const allowed: Readonly<Record<string, RegExp>> = {
      domain: /^(zod|currency-codes|ipaddr\.js|yaml|@marcbachmann\/cel-js(\/serialize)?|@noble\/hashes\/.*)$/,
      workflows: /^@temporalio\/(workflow|common)$/,
    };
    const impure = sources
      .filter((path) => allowed[roomOf(path)] !== undefined && !isTest(path))
      .flatMap((path) =>
        importsOf(path)
          .filter(({ target, specifier }) => target === undefined && !allowed[roomOf(path)]?.test(specifier))
          .map(({ specifier }) => `${path} -> ${specifier}`),
      );
    expect(impure).toEqual([]);
  });

  it('only entry points read the environment', () => {
    const readers = sources.filter(
      (path) =>
        !isTest(path) &&
        !isExempt(path) &&
        /process\.env\b/.test(read(path)) &&
        !/^(cli|config)\/|^[a-z.]+$/.test(path),
    );
    const entries = ['api/main.ts', 'worker/main.ts'];
    expect(readers.filter((path) => !entries.includes(path))).toEqual([]);
  });

  it('only activities/send.ts claims a permit', () => {
    const claimers = sources.filter(
      (path) =>
        !isTest(path) &&
        !isExempt(path) &&
        /\bclaim(FirstSend|Resend)\(/.test(read(path)) &&
        path !== 'db/permits.ts',
    );
    expect(claimers).toEqual(['activities/send.ts']);
  });
});

describe('files', () => {
  it('are named in kebab-case', () => {
    const odd = sources.filter((path) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(basename(path)));
    expect(odd).toEqual([]);
  });

  it('have at most 330 lines, and functions at most 80', () => {
    const long = sources
      .filter((path) => !isTest(path) && !isExempt(path))
      .flatMap((path) => {
        const lines = read(path).split('\n').length - 1;
        const functions = functionsOf(path).filter((each) => each.lines > 80);
        return [
          ...(lines > 330 ? [`${path}: ${lines} lines`] : []),
          ...functions.map((each) => `${path}:${each.line} ${each.name}: ${each.lines} lines`),
        ];
      });
    expect(long).toEqual([]);
  });

  it('promise no later work, skip no test for good, and hide no unsafe SQL', () => {
    const words = new RegExp(['TO', 'DO\\b|FIX', 'ME\\b|HA', 'CK\\b'].join(''));
    const found = sources
      .filter((path) => !path.startsWith('test/tidy/'))
      .filter(
        (path) =>
          words.test(read(path)) ||
          /\b(it|describe)\.(only|todo)\(|\$(query|execute)RawUnsafe/.test(read(path)),
      );
    expect(found).toEqual([]);
  });

  it('are used: every module of a room is imported or started by somebody', () => {
    const started =
      /^(api|worker|sandbox)\/main\.ts$|^[a-z]+\/index\.ts$|^workflows\/versions\.ts$|^cli\/(main\.ts|install\.mjs|verbs\/)|^workflows\/index\.ts$|^prisma\/|^console\/(generate|vite\.config|src\/main)\.tsx?$/;
    const byPath =
      /temporal-download\.ts$|failure-converter\.cjs$|watchdog\.mjs$|\.test-workflow\.ts$|^workflows\/tracing\.ts$/;
    const imported = new Set(
      sources.flatMap((path) =>
        importsOf(path).flatMap(({ target }) => (target === undefined ? [] : [target])),
      ),
    );
    const interlock = existsSync(join(ROOT, 'interlock')) ? read('interlock') : '';
    const dead = sources.filter(
      (path) =>
        path.includes('/') &&
        !isTest(path) &&
        !isExempt(path) &&
        !started.test(path) &&
        !byPath.test(path) &&
        !imported.has(path) &&
        !interlock.includes(basename(path)),
    );
    expect(dead).toEqual([]);
  });

  it('of each provider are complete: a folder, a simulator, a line in the registry', () => {
    const folders = readdirSync(join(ROOT, 'providers'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !['transport', 'settlement', 'sftp'].includes(entry.name))
      .map((entry) => entry.name);
    const registry = read('providers/registry.ts');
    for (const name of folders) {
      for (const file of ['index.ts', 'client.ts', 'mapping.ts', 'webhook.ts', 'config.ts', 'README.md']) {
        expect(existsSync(join(ROOT, 'providers', name, file)), `providers/${name}/${file}`).toBe(true);
      }
      expect(existsSync(join(ROOT, 'sandbox', name)), `sandbox/${name}`).toBe(true);
      expect(registry).toContain(`./${name}/index.ts`);
    }
  });

  it('open, in each room, by saying what lives there', () => {
    const entries = Object.keys(ROOMS).map((room) =>
      [
        `${room}/index.ts`,
        `${room}/main.ts`,
        `${room}/app.ts`,
        `${room}/provider.ts`,
        `${room}/env.ts`,
      ].filter((path) => existsSync(join(ROOT, path))),
    );
    for (const candidates of entries.filter((each) => each.length > 0)) {
      const opens = candidates.some((path) => /^(\/\*\*|\/\/)/.test(read(path)));
      expect(opens, candidates.join(' or ')).toBe(true);
    }
  });
});

describe('documents', () => {
  const documents = trackedFiles(/\.md$/);

  it('name only paths that exist', () => {
    const missing = documents.flatMap((document) => {
      const text = read(document).replace(/```[\s\S]*?```/g, '');
      const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => ({
        path: match[1] ?? '',
        base: dirname(document),
      }));
      const quoted = [
        ...text.matchAll(
          /`((?:api|activities|bench|cli|client|config|db|docs|domain|prisma|providers|sandbox|test|vault|worker|workflows)\/[\w./-]+)`/g,
        ),
      ].map((match) => ({ path: match[1] ?? '', base: '.' }));
      return [...links, ...quoted]
        .filter(
          ({ path, base }) =>
            !existsSync(join(ROOT, normalize(join(base, path)))) && !existsSync(join(ROOT, path)),
        )
        .map(({ path }) => `${document}: ${path}`);
    });
    expect(missing).toEqual([]);
  });

  it('name no command of ours that does not exist', () => {
    const verbs = new Set(
      readdirSync(join(ROOT, 'cli/verbs')).map((file) => file.replace(/(\.test)?\.ts$/, '')),
    );
    const unknown = documents.flatMap((document) =>
      [...read(document).matchAll(/\.\/interlock ([a-z]+(?:[:-][a-z]+)*)/g)]
        .map((match) => (match[1] ?? '').replaceAll(':', '-'))
        .filter((verb) => !verbs.has(verb))
        .map((verb) => `${document}: ./interlock ${verb}`),
    );
    expect(unknown).toEqual([]);
  });
});
