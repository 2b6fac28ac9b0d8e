import { type CaseOrder, type CaseOutcome, commandCase as carryOut } from '../../db/cases/command.ts';
import type { Dependencies } from '../dependencies.ts';

/** What a person tells a case: judged and written in one transaction, postings included. */
export function createCommandCase({ db, settings }: Dependencies) {
  return async function commandCase(order: CaseOrder): Promise<CaseOutcome> {
    return carryOut(db, order, settings.timeScale);
  };
}
