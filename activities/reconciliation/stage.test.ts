import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiveFile } from '../../db/reconciliation/index.ts';
import { ACCOUNT, DATE, type Day, openDay, startDay } from '../../db/reconciliation/test-support/day.ts';
import type { Dependencies } from '../dependencies.ts';
import { createStageSettlements } from './stage.ts';

/** What becomes of files as they are read, on real rows. */
let day: Day;
beforeEach(async () => {
  day = await openDay();
});
afterEach(() => day?.close());

async function stageStatement(text: string, name: string): Promise<string> {
  async function* content() {
    yield Buffer.from(text);
  }
  await startDay(day);
  const arrival = {
    accountId: ACCOUNT,
    businessDate: DATE,
    format: 'mt940',
    source: 'uploaded' as const,
    name,
  };
  await receiveFile(day.database.db, arrival, content());
  const deps = { db: day.database.db, copyPool: day.pool } as unknown as Dependencies;
  const order = { accountId: ACCOUNT, businessDate: DATE };
  const { said } = (await new MockActivityEnvironment().run(createStageSettlements(deps), order)) as {
    readonly said: string;
  };
  return said;
}

describe('a bank’s statement', () => {
  const statement = (closing: string) =>
    `:20:REF\n:25:DE02120300000000202051\n:28C:00005/001\n:60F:C261120USD1000,00\n:61:261120C10,00NTRFNONREF\n:86:x\n:62F:C261120USD${closing}\n-\n`;
  const linesKept = async () => (await day.database.sql('SELECT 1 FROM bank_statement_line')).length;

  it('whose lines do not lead from its opening to its closing balance is refused, and somebody’s', async () => {
    expect(await stageStatement(statement('1077,00'), 'cut.sta')).toContain('1 file refused');
    expect(await linesKept()).toBe(0);
    const [file] = await day.database.sql<{ status: string; refusal: { code: string } }>(
      'SELECT status, refusal FROM settlement_file',
    );
    expect(file).toMatchObject({ status: 'refused', refusal: { code: 'not_balanced', line: 1 } });
    const open = await day.database.sql('SELECT file_id FROM exception WHERE closed_at IS NULL');
    expect(open).toHaveLength(1);
  });

  it('that adds up is kept', async () => {
    expect(await stageStatement(statement('1010,00'), 'whole.sta')).toContain('1 line');
    expect(await linesKept()).toBe(1);
  });
});
