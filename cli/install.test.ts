import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generateReason, install, installReason } from './install.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'interlock-install-'));
  write('package.json', { name: 'fixture', version: '1.0.0' });
  write('package-lock.json', lockfile({ 'node_modules/a': { version: '1.0.0' } }));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: object | string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
}

function lockfile(packages: Record<string, object>): object {
  return {
    name: 'fixture',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: { '': { name: 'fixture', version: '1.0.0' }, ...packages },
  };
}

const record = (packages: Record<string, object>) => write('node_modules/.package-lock.json', { packages });

test('a checkout without node_modules needs an install', () => {
  expect(installReason(root)).toMatch(/nothing is installed/);
});

test('an install that was cut short is done again', () => {
  mkdirSync(join(root, 'node_modules/a'), { recursive: true });
  expect(installReason(root)).toMatch(/did not finish/);
});

test("npm's own install of the same versions is accepted", () => {
  record({ 'node_modules/a': { version: '1.0.0' } });
  expect(installReason(root)).toBeUndefined();
});

test('a missing package, or another version, asks for an install and is named', () => {
  record({});
  expect(installReason(root)).toBe('node_modules/a is missing');
  record({ 'node_modules/a': { version: '0.9.0' } });
  expect(installReason(root)).toBe('node_modules/a has another version');
});

test("a package for another machine's sake may be missing", () => {
  write('package-lock.json', lockfile({ 'node_modules/b-win32': { version: '1.0.0', optional: true } }));
  record({});
  expect(installReason(root)).toBeUndefined();
});

test('after our own install only a changed lockfile asks for another', async () => {
  write('package-lock.json', lockfile({}));
  mkdirSync(join(root, 'node_modules'));
  await install(root);
  expect(installReason(root)).toBeUndefined();
  write('package-lock.json', lockfile({ 'node_modules/a': { version: '2.0.0' } }));
  expect(installReason(root)).toMatch(/has changed/);
});

test('the Prisma client is generated when there is a schema and no client, or another schema', () => {
  expect(generateReason(root)).toBeUndefined();
  write('prisma/schema.prisma', 'model A { id Int @id }');
  write('node_modules/prisma/package.json', { version: '1.0.0' });
  expect(generateReason(root)).toMatch(/no Prisma client/);
  mkdirSync(join(root, 'db/generated'), { recursive: true });
  expect(generateReason(root)).toMatch(/schema has changed/);
});
