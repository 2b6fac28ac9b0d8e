import { createHash } from 'node:crypto';
import { openRefusedException } from '../../db/reconciliation/exceptions.ts';
import { emptyCopies } from '../../db/reconciliation/files.ts';
import { filesOf, readFile, refuseFile, type SettlementFile } from '../../db/reconciliation/index.ts';
import { settlementNames } from '../../providers/settlement/registry.ts';
import type { Dependencies } from '../dependencies.ts';
import { counted, type DayOrder, type Said, watched } from './day.ts';

export interface Verified extends Said {
  /** Files of the day, refused ones among them, and those that say, as an earlier one did, that there was nothing. */
  readonly held: number;
  readonly refused: number;
  /** Of these, those that are neither refused nor posted. */
  readonly waiting: number;
}

/** Whether what is stored is what came, in a layout that we know. Whatever else there is to see stands in the lines. */
export function createVerifySettlements(deps: Dependencies) {
  return async function verifySettlements({ accountId, businessDate }: DayOrder): Promise<Verified> {
    const { db } = deps;
    return watched(async (tell) => {
      const files = await filesOf(db, accountId, businessDate);
      for (const file of files.filter(({ status }) => status === 'received')) {
        const refusal = await problemOf(deps, file, (bytes) => tell({ name: file.name, bytes }));
        if (refusal === undefined) continue;
        // In this order: a worker may die between the two, and a file that is refused is not looked at again.
        await openRefusedException(db, file, refusal);
        await refuseFile(db, file.id, refusal);
      }
      const after = await filesOf(db, accountId, businessDate);
      const refused = after.filter(({ status }) => status === 'refused').length;
      const waiting = after.filter(({ status }) => status !== 'refused' && status !== 'posted').length;
      const held = after.length + (await emptyCopies(db, accountId, businessDate));
      const said = `${counted(held, 'file')} of the day, ${refused} refused, ${waiting} to be read`;
      return { said, held, refused, waiting };
    });
  };
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

async function problemOf(
  { db }: Dependencies,
  { id, format, sha256 }: SettlementFile,
  progress: (bytes: number) => void,
): Promise<Refusal | undefined> {
  if (!settlementNames().includes(format))
    return { code: 'unknown_format', message: `no layout is called ${format}` };
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readFile(db, id)) {
    hash.update(chunk);
    bytes += chunk.byteLength;
    progress(bytes);
  }
  if (hash.digest('hex') === sha256) return undefined;
  return {
    code: 'content_changed',
    message: 'what is stored is not what came: restore it, or upload it again',
  };
}
