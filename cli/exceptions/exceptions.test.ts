import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCase, taken } from '../../test/attack/support/cases.ts';
import { type System, startSystem } from '../../test/support/system.ts';
import { type Heard, heard } from '../../test/support/terminal.ts';
import { writeStackFile } from '../stack/stack-file.ts';
import { runExceptions } from './run.ts';

let system: System;
const dataDir = mkdtempSync(join(tmpdir(), 'interlock-exceptions-'));
beforeAll(async () => {
  system = await startSystem();
  const { apiUrl, apiKey, operatorKeys } = system;
  const stack = { apiUrl, apiKey, operatorKeys, merchantId: 'mer_demo', temporalAddress: '' };
  writeStackFile(dataDir, { ...stack, sandboxes: {}, env: {} });
});
afterAll(async () => {
  await system?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function exceptions(...argv: string[]): Promise<Heard> {
  return heard((terminal) => runExceptions(argv, { INTERLOCK_DATA_DIR: dataDir }, terminal));
}
const alice = (...argv: string[]) => exceptions(...argv, '--as', 'alice');
const bob = (...argv: string[]) => exceptions(...argv, '--as', 'bob');

describe('./interlock exceptions', () => {
  it('lists, shows and decides, and says the rule where it is refused', async () => {
    expect((await alice('list')).out).toBe('Nothing waits for a person.');
    const id = await openCase(system, { amountMinor: 20_000, suspendedMinor: 20_000 });
    await taken(system, id);
    const listed = await alice('list', '--kind', 'amount_under');
    expect(listed.out).toContain(`${id}\n  open  high  nobody of treasury  20000 EUR\n  settled too little`);
    expect((await alice('assign', id, '--owner', 'me', '--reason', 'mine')).out).toContain('opr_alice');
    const proposed = await alice('propose', id, '--disposition', 'accept', '--reason', 'it was meant');
    expect(proposed.out).toContain('opr_alice proposes accept: it was meant');
    const alone = await alice('approve', id, '--reason', 'sure', '--json');
    expect([alone.code, alone.err]).toEqual([1, expect.stringContaining('403 second_operator_required')]);
    expect(JSON.parse(alone.out).error.code).toBe('second_operator_required');
    const approved = await bob('approve', id, '--reason', 'seen it');
    expect(approved.out).toContain('resolved: accept by opr_bob and opr_alice: it was meant');
    const shown = await alice('show', id);
    expect(shown.out).toMatch(
      /Entries:\n.+ case {2}opened: settled too little\n(.+\n)*.+operator:opr_bob {2}approved: seen it/,
    );
    expect((await alice('list')).out).toBe('Nothing waits for a person.');
    expect((await alice('list', '--status', 'all', '--json')).out).toContain(id);
  });

  it('decides many of one cause, and counts', async () => {
    for (let made = 0; made < 3; made += 1) await openCase(system, { cause: 'same', amountMinor: 5 });
    const big = await openCase(system, { cause: 'same', amountMinor: 90_000 });
    const told = await alice(
      'dispose',
      '--kind',
      'amount_under',
      '--cause',
      'same',
      '--disposition',
      'accept',
      '--reason',
      'as agreed',
    );
    expect(told.code).toBe(1);
    expect(told.out).toContain('3 done, 1 refused, 0 not known');
    expect(told.out).toContain(`${big}  refused`);
    const figures = await alice('figures');
    expect(figures.out).toMatch(
      /^1 open, 0 overdue, 1 nobody's\n {2}amount_under {2}under_1d {2}1\nLast 30 days: 5 opened, /,
    );
  });

  it.each([
    [['lst'], 'did you mean "list"'],
    [['show'], 'takes an id'],
    [['show', 'pay_x'], 'is no exception'],
    [['propose', 'exc_x', '--reason', 'because'], 'needs --disposition'],
    [['propose', 'exc_x', '--disposition', 'burn', '--reason', 'because'], '--disposition is one of'],
    [['approve', '--reason', 'because'], 'takes an id, or --kind'],
    [['list', 'exc_x'], 'takes no id'],
    [['figures'], 'INTERLOCK_OPERATOR_KEY'],
  ])('%j is wrong use: %s', async (argv, message) => {
    await expect(exceptions(...argv)).rejects.toThrow(message);
  });
});
