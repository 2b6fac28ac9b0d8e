import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { availableVerbs } from './main.ts';
import { ROOT } from './stack/paths.ts';
import { suggest } from './suggest.ts';

function interlock(...args: string[]) {
  return spawnSync(process.execPath, [join(ROOT, 'interlock'), ...args], {
    encoding: 'utf8',
    timeout: 50_000,
  });
}

test('every file in verbs/ is a verb that is offered', () => {
  const files = readdirSync(join(ROOT, 'cli/verbs')).filter((name) => !name.endsWith('.test.ts'));
  // No file's name may have a colon everywhere.
  const offered = availableVerbs().map((verb) => verb.replace(':', '-'));
  expect(offered.sort()).toEqual(files.map((name) => name.slice(0, -'.ts'.length)).sort());
});

test('without a verb the list is shown, each with its summary', () => {
  const { stdout, status } = interlock('--help');
  expect(status).toBe(0);
  for (const verb of availableVerbs()) expect(stdout).toMatch(new RegExp(`^ {2}${verb} +\\S`, 'm'));
});

test('a mistyped verb ends with 2 and the one that was meant', () => {
  const { stderr, status } = interlock('wroker');
  expect(status).toBe(2);
  expect(stderr).toContain('Did you mean "worker"?');
});

test('an unknown option ends with 2 and points at the help', () => {
  const { stderr, status } = interlock('migrate', '--chekc');
  expect(status).toBe(2);
  expect(stderr).toContain('./interlock migrate --help');
});

test.each([
  ['wroker', 'worker'],
  ['mig', 'migrate'],
  ['u', undefined],
  ['elephant', undefined],
])('"%s" suggests %s', (word, expected) => {
  expect(
    suggest(
      word,
      ['up', 'worker', 'migrate'].filter((name) => name !== 'up'),
    ),
  ).toBe(expected);
});
