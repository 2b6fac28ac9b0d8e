import { kindEntry } from '../cases/kinds.ts';
import type { Headline } from './headline.ts';
import type { StoryRows } from './rows.ts';

/** However well the payment went: what somebody has still to decide about it stands on top, and is no good news. */
export function withOpenCases(headline: Headline, rows: Pick<StoryRows, 'case'>): Headline {
  const open = rows.case.filter(({ closedAtMs }) => closedAtMs === undefined);
  if (open.length === 0) return headline;
  const kinds = open.map(({ kind }) => kindEntry(kind));
  const isCritical = kinds.some(({ severity }) => severity === 'critical');
  const titles = [...new Set(kinds.map(({ title }) => title))].join('; ');
  const { text, why, tone } = headline;
  return {
    text,
    why: `${open.length === 1 ? 'An exception is' : `${open.length} exceptions are`} still open: ${titles}. ${why}`,
    tone: isCritical || tone === 'bad' ? 'bad' : 'warning',
  };
}
