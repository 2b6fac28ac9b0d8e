import type { Db } from '../../client.ts';
import { type Ask, bounded, boundedTogether } from '../queues/bounded.ts';
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

/** What can be asked for the overview and analytics: cells that db/rollups keeps, and what is so this minute. */
export interface Figures {
  read(question: FigureQuestion): Promise<FigureRows>;
  standing(): Promise<Standing>;
  unknowns(whose: Whose): Promise<Unknowns>;
  openExceptions(whose: Whose): Promise<readonly OpenByAge[]>;
  accountsNow(whose: Whose): Promise<readonly AccountNow[]>;
}

export interface FigureReader extends Figures {
  /** All that `work` asks goes by one connection: one question after the other. */
  together<T>(work: (figures: Figures) => Promise<T>): Promise<T>;
}

export function createFigureReader(db: Db): FigureReader {
  return {
    ...figuresBy((statement) => bounded(db, statement)),
    together: (work) => boundedTogether(db, (ask) => work(figuresBy(ask))),
  };
}

function figuresBy(ask: Ask): Figures {
  return {
    read: (question) => readCells(ask, question),
    standing: () => readStanding(ask),
    unknowns: (whose) => readUnknowns(ask, whose),
    openExceptions: (whose) => readOpenExceptions(ask, whose),
    accountsNow: (whose) => readAccountsNow(ask, whose),
  };
}
