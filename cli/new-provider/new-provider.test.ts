import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogueEntrySchema } from '../../domain/routing/catalogue/index.ts';
import { ROOT, trackedFiles } from '../../test/tidy/sources.ts';
import { namesOf } from './names.ts';
import { enlisted, REGISTRIES } from './registries.ts';
import { makeProvider, type NewProvider, nextSteps } from './run.ts';
import { acmePayListing } from './template/catalogue.ts';
import { acmePay } from './template/provider/index.ts';

/** Rooms that the new provider's code reaches; the rest of the tree only makes the copy slower. */
const ROOMS = /^(providers|sandbox|domain|test\/(contract|tidy))\/.*|^[^/]+\.(json|ts)$|^\.gitignore$/;

let copy: string;
let made: NewProvider;

function inCopy(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  return { status, said: `${stdout}\n${stderr}` };
}

const NODE_BIN = (name: string) => join(ROOT, 'node_modules/.bin', name);

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'new-provider-'));
  for (const path of trackedFiles(ROOMS)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(ROOT, path), join(copy, path));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  // Nothing of ours is set up for the copy: no database, no Temporal, and time enough on a busy machine.
  writeFileSync(join(copy, 'vitest.made.ts'), 'export default { test: { testTimeout: 60_000 } };\n');
  made = makeProvider(copy, 'north-pay');
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('a provider made from the template', { timeout: 180_000 }, () => {
  it('is an adapter, a simulator, a contract test, a catalogue entry and three lines', () => {
    for (const path of [
      'providers/north-pay/index.ts',
      'providers/north-pay/README.md',
      'sandbox/north-pay/index.ts',
      'test/contract/north-pay.test.ts',
      'domain/routing/catalogue/providers/north-pay.ts',
    ]) {
      expect(made.made).toContain(path);
    }
    const text = made.made.map((path) => readFileSync(join(copy, path), 'utf8')).join('\n');
    expect(text).not.toMatch(/acme/i);
    expect(text).toContain('North-Pay-Signature');
    const registry = readFileSync(join(copy, 'providers/registry.ts'), 'utf8');
    expect(registry).toContain("import { northPay } from './north-pay/index.ts';");
    expect(nextSteps(made)).toContain('npx vitest run test/contract/north-pay.test.ts');
  });

  it('compiles, with everything that lists it', () => {
    const base = JSON.parse(readFileSync(join(copy, 'tsconfig.json'), 'utf8'));
    const files = [...made.made, ...made.edited].filter((path) => path.endsWith('.ts'));
    writeFileSync(join(copy, 'tsconfig.made.json'), JSON.stringify({ ...base, include: [], files }));
    expect(inCopy(NODE_BIN('tsc'), '-p', 'tsconfig.made.json')).toMatchObject({ status: 0 });
  });

  it('is formatted and linted', () => {
    const files = [...made.made, ...made.edited].filter((path) => path.endsWith('.ts'));
    const { status, said } = inCopy(NODE_BIN('biome'), 'check', '--vcs-enabled=false', ...files);
    expect(status, said).toBe(0);
    expect(said).not.toMatch(/warning/i);
  });

  it('keeps the house’s rules: rooms, sizes, a complete folder', () => {
    // The rules are about files that git would track.
    expect(inCopy('git', 'init', '--quiet').status).toBe(0);
    const rules = 'no import crosses|at most 330 lines|kebab-case|of each provider are complete';
    const args = ['run', '--config', 'vitest.made.ts', 'test/tidy/tidy.test.ts', '-t', rules];
    const { status, said } = inCopy(NODE_BIN('vitest'), ...args);
    expect(status, said).toBe(0);
    expect(said).toMatch(/4 passed/);
  });

  it('passes the contract kit at once', () => {
    const args = ['run', '--config', 'vitest.made.ts', 'test/contract/north-pay.test.ts'];
    const { status, said } = inCopy(NODE_BIN('vitest'), ...args);
    expect(status, said).toBe(0);
    expect(said).toMatch(/Tests {2}\d{2,} passed/);
  });

  it('is refused a second time, and nothing is changed', () => {
    const path = join(copy, 'providers/registry.ts');
    const before = readFileSync(path, 'utf8');
    expect(() => makeProvider(copy, 'north-pay')).toThrow(/is there already/);
    expect(() => makeProvider(copy, 'stripe')).toThrow(/providers\/stripe is there already/);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

describe('the template', () => {
  it('has a catalogue entry that holds, for the version that it ships', () => {
    const entry = catalogueEntrySchema.parse(acmePayListing.entry);
    expect(entry.connector.active).toBe(acmePay.connectorVersion);
  });
});

describe('a name', () => {
  it.each(['NorthPay', 'north_pay', 'North', '9pay', 'pay-', '../evil', '', 'a/b', 'ünlü'])(
    'is refused unless it is in kebab-case: %s',
    (name) => expect(() => namesOf(name)).toThrow(/kebab-case/),
  );

  it.each(['transport', 'settlement', 'new', 'default', 'acme-pay'])(
    'is refused where it means something else: %s',
    (name) => expect(() => namesOf(name)).toThrow(/means something else/),
  );

  it('has every spelling', () => {
    expect(namesOf('north-pay-2')).toEqual({
      kebab: 'north-pay-2',
      camel: 'northPay2',
      pascal: 'NorthPay2',
      constant: 'NORTH_PAY_2',
      snake: 'north_pay_2',
      header: 'North-Pay-2',
    });
  });

  it('that is suggested is one that is taken', () => {
    expect(() => namesOf('NorthPay')).toThrow(/Did you mean "north-pay"/);
  });
});

describe('a registry', () => {
  it.each(REGISTRIES)('$path takes the two lines once', (registry) => {
    const text = readFileSync(join(ROOT, registry.path), 'utf8');
    const names = namesOf('zebra');
    const once = enlisted(text, registry, names);
    expect(enlisted(once, registry, names)).toBe(once);
    expect(once.split('\n')).toHaveLength(text.split('\n').length + 2);
  });

  it.each(REGISTRIES)('$path without its marker is refused', (registry) => {
    expect(() => enlisted('const x = [];\n', registry, namesOf('zebra'))).toThrow(/has lost the line/);
  });
});
