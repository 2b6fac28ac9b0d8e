import type { Db } from '../../client.ts';
import { type FigureQuestion, type FigureRows, readCells } from './cells.ts';
import {
  type AccountNow,
  type OpenByAge,
  readAccountsNow,
  readOpenExceptions,
  readStanding,
  readUnknowns,
  type Standing,
  type Unknowns,
  type Whose,
} from './live.ts';

export type { FigureQuestion, FigureRow, FigureRows, GroupKey } from './cells.ts';
export type { AccountNow, OpenByAge, Standing, Unknowns, Whose } from './live.ts';

/** The figures of the overview and of analytics: cells that db/rollups keeps, and what is so this minute. */
export interface FigureReader {
  read(question: FigureQuestion): Promise<FigureRows>;
  standing(): Promise<Standing>;
  unknowns(whose: Whose): Promise<Unknowns>;
  openExceptions(merchantId?: string): Promise<readonly OpenByAge[]>;
  accountsNow(whose: Whose): Promise<readonly AccountNow[]>;
}

export function createFigureReader(db: Db): FigureReader {
  return {
    read: (question) => readCells(db, question),
    standing: () => readStanding(db),
    unknowns: (whose) => readUnknowns(db, whose),
    openExceptions: (merchantId) => readOpenExceptions(db, merchantId),
    accountsNow: (whose) => readAccountsNow(db, whose),
  };
}
