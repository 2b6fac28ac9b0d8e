import { log } from '@temporalio/activity';
import { escalateCase as escalate, type Looked, lookAfterCase as look } from '../../db/cases/look-after.ts';
import { ESCALATIONS, OVERDUE_LEVEL } from '../../domain/cases/clock.ts';
import type { Dependencies } from '../dependencies.ts';

/** Takes an exception that nobody holds, reads one that is held, and lets go of one that is resolved. */
export function createLookAfterCase({ db, settings }: Dependencies) {
  return async function lookAfterCase(exceptionId: string): Promise<Looked> {
    return look(db, exceptionId, settings.timeScale);
  };
}

export interface DueLevel {
  readonly exceptionId: string;
  readonly level: number;
}

/** Its next level, in its row and entries, and in the log that alerts are made from. */
export function createEscalateCase({ db, settings }: Dependencies) {
  return async function escalateCase({ exceptionId, level: due }: DueLevel): Promise<Looked> {
    const looked = await escalate(db, exceptionId, due, settings.timeScale);
    if (looked.type === 'gone' || looked.file.status === 'resolved') return looked;
    const { kind, team, owner, escalations: level } = looked.file;
    const overdue = level >= OVERDUE_LEVEL;
    const to = ESCALATIONS[level - 1]?.to;
    log.info('an exception waits for somebody', { exceptionId, kind, team, owner, level, overdue, to });
    return looked;
  };
}
