import { normalDraw } from '../../../domain/routing/learning/draw.ts';
import { derivedDraw } from '../../../domain/routing/learning/index.ts';
import { DAY_MS, DAYS, YEAR_START_MS } from './calendar.ts';

/**
 * Three ways to be out. `dead`: connections are refused, so another provider may be asked. `silent`: no answer comes, and
 * nobody else may be asked. `declining`: it answers, and declines what it would have approved.
 */
export type OutageKind = 'dead' | 'silent' | 'declining';

export interface Outage {
  readonly kind: OutageKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** Of what it would have approved. */
  readonly approvalLeft: number;
}

const KINDS: readonly OutageKind[] = ['dead', 'silent', 'declining'];
const PER_YEAR = 8;
const MEDIAN_MINUTES = 90;
const SPREAD = 0.9;

/** About eight in a year, of an hour and a half as a rule and of a day at worst. */
export function outagesOf(seed: number, account: number): readonly Outage[] {
  const own = derivedDraw(seed, `outages/${account}`);
  const outages = Array.from({ length: PER_YEAR }, (_none, index): Outage => {
    const share = (word: string) => derivedDraw(own, `${index}/${word}`) / 0x1_0000_0000;
    const kind = KINDS[Math.floor(share('kind') * KINDS.length)] ?? 'dead';
    const minutes = Math.min(1_440, MEDIAN_MINUTES * Math.exp(SPREAD * normalDraw(own, `${index}/minutes`)));
    const fromMs = YEAR_START_MS + share('start') * DAYS * DAY_MS;
    const approvalLeft = kind === 'declining' ? 0.3 + 0.3 * share('left') : 0;
    return { kind, fromMs, toMs: fromMs + minutes * 60_000, approvalLeft };
  });
  return outages.sort((a, b) => a.fromMs - b.fromMs);
}
