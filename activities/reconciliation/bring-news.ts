import { recordChargebacks } from '../../db/reconciliation/chargebacks.ts';
import { linesOfNews, unreadNews } from '../../db/reconciliation/news.ts';
import type { Mode } from '../../domain/ids.ts';
import type { Dependencies } from '../dependencies.ts';
import { counted, type DayOrder, mustFindAccount, runAt, type Said, watched } from './day.ts';
import { letterOf, NEWS_VERDICTS } from './letters.ts';
import { sendLetters } from './send-letters.ts';

export interface NewsBrought extends Said {
  /** Letters that are new. */
  readonly brought: number;
  /** Letters that lie unread now. */
  readonly letters: number;
  /** After how long it is worth looking what has come of them. */
  readonly waitMs: number;
}

/** Unscaled: a payment takes its letter in within seconds, unless it has to ask its provider. */
const FIRST_LOOK_MS = 5_000;
const SHORTEST_LOOK_MS = 250;

/**
 * The closed loop: what the files prove of payments goes to them as letters, through the one door, and each records it
 * by its own rules. What was charged back stands on their balances. A line writes one letter, however often the day is
 * run; one whose bell was lost is rung by the sweeper.
 */
export function createBringSettlementNews(deps: Dependencies) {
  return async function bringSettlementNews(day: DayOrder): Promise<NewsBrought> {
    const account = await mustFindAccount(deps, day.accountId);
    return watched(async (tell) => {
      const run = await runAt(deps, day, 'resolve');
      let brought = 0;
      for await (const lines of linesOfNews(deps.db, run, NEWS_VERDICTS)) {
        const about = { settlement_file: lines[0]?.fileId ?? null };
        brought += await sendLetters(deps, account, about, lines.map(letterOf));
        tell({ brought });
      }
      const balances = await recordChargebacks(deps.db, run);
      if (balances > 0) deps.events?.pokeEndpoints(run.merchantId, run.mode as Mode);
      const letters = await unreadNews(deps.db, run);
      return {
        said: `${counted(brought, 'new letter')}, ${counted(balances, 'balance')} with chargebacks changed`,
        brought,
        letters,
        waitMs: Math.max(SHORTEST_LOOK_MS, FIRST_LOOK_MS * deps.settings.timeScale),
      };
    });
  };
}

export interface NewsStanding extends Said {
  readonly open: number;
}

/** How many of the day's letters payments have not taken in yet. */
export function createCheckSettlementNews(deps: Dependencies) {
  return async function checkSettlementNews(day: DayOrder): Promise<NewsStanding> {
    const run = await runAt(deps, day, 'news');
    const open = await unreadNews(deps.db, run);
    return { said: open === 0 ? 'all are taken in' : `${counted(open, 'letter')} not taken in yet`, open };
  };
}
