import { beforeEach, describe, expect, it } from 'vitest';
import type { RefusedCommand } from '../../db/settings/index.ts';
import { createRefusalBook } from './refusals.ts';

let nowMs: number;
let rows: RefusedCommand[];
let warnings: number;
let write: (refused: RefusedCommand, key?: string) => Promise<void>;

beforeEach(() => {
  [nowMs, rows, warnings] = [Date.UTC(2026, 10, 22, 12), [], 0];
  const log = {
    error: () => undefined,
    warn: () => {
      warnings += 1;
    },
  };
  const recordRefusal = async (refused: RefusedCommand) => {
    rows.push(refused);
  };
  write = createRefusalBook({ recordRefusal }, log, () => nowMs);
});

const refused = (code: string, operatorId?: string): RefusedCommand => ({
  method: 'POST',
  path: '/v1/operator/x',
  status: 401,
  code,
  detail: '',
  requestId: 'hreq_1',
  ...(operatorId === undefined ? {} : { operatorId }),
});

async function flood(code: string, times: number, operatorId?: string): Promise<number> {
  const before = rows.length;
  for (let n = 0; n < times; n += 1) await write(refused(code, operatorId));
  return rows.length - before;
}

describe('strangers', () => {
  it('leave ten rows a second of each kind, and twenty of all kinds together', async () => {
    expect(await flood('session_invalid', 50)).toBe(10);
    expect(await flood('operator_key_invalid', 5)).toBe(5);
    expect(await flood('sign_in_refused', 50)).toBe(5);
    expect(await flood('csrf_token_invalid', 50)).toBe(0);
    nowMs += 1_000;
    expect(await flood('csrf_token_invalid', 50)).toBe(10);
  });

  it('leave ten thousand rows an hour, and then one line in the log', async () => {
    for (let second = 0; second < 600; second += 1) {
      await flood('session_invalid', 12);
      await flood('sign_in_refused', 12);
      nowMs += 1_000;
    }
    expect([rows.length, warnings]).toEqual([10_000, 1]);
    expect(await flood('forbidden', 1, 'opr_ada')).toBe(1);
    nowMs += 3_600_000;
    expect(await flood('session_invalid', 1)).toBe(1);
  });
});

it('a person leaves fifty a second, whatever strangers do', async () => {
  await flood('session_invalid', 100);
  expect(await flood('forbidden', 60, 'opr_ada')).toBe(50);
  expect(await flood('forbidden', 60, 'opr_bob')).toBe(50);
});

it("a merchant's key is no stranger: their flood hides nothing of its", async () => {
  await flood('second_person_required', 100);
  const before = rows.length;
  await write(refused('second_person_required'), 'key:key_1');
  expect(rows.length).toBe(before + 1);
});
