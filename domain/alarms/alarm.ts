import type { Facts } from './facts.ts';

/** `page`: somebody is woken, for payers or merchants feel it. `ticket`: somebody looks within the working day. */
export type Severity = 'page' | 'ticket';

export interface Alarm {
  readonly name: string;
  readonly severity: Severity;
  /** One line, for whoever is woken. Prometheus puts labels in: `{{ $labels.provider }}`. */
  readonly summary: string;
  /** What it means for payments, payers or money. */
  readonly means: string;
  /** PromQL, over what our two pages show. */
  readonly expr: string;
  /** How long it must hold before anybody is told. */
  readonly forSeconds: number;
  /** docs/runbooks/<slug>.md. */
  readonly runbook: string;
  /**
   * The same question to one look at the facts, for the console: what it holds for, if anything. Absent where only
   * Prometheus can say, because it takes a past, or because nobody of ours would be there to say it.
   */
  readonly holds?: (facts: Facts, scale: Scale) => readonly Holding[];
  /** What `holds` reads: where one look could not find it out, the alarm stays as it is. */
  readonly needs?: readonly (keyof Facts)[];
  /** It is about the worker that looks, so each worker has one of its own, and no other can say that it is over. */
  readonly ofWorker?: true;
  /** The damage stands although a later look no longer sees it: a person ends it, with a reason. */
  readonly stays?: true;
  /** One case in which it fires, and one in which it must not, for promtool: series as promtool writes them. */
  readonly cases: { readonly fires: RuleCase & { readonly says: string }; readonly rests: RuleCase };
}

/** What an alarm holds for: one provider, one queue, or everything (``). */
export interface Holding {
  readonly subject: string;
  readonly detail: string;
}

/** What waits come to where time is scaled (demo, tests, storm). */
export interface Scale {
  /** An age that is too old: never less than what the scale doesn't touch, deadlines and restarts. */
  limit(seconds: number): number;
  /** How long an alarm has to hold: never less than two looks. */
  wait(seconds: number): number;
}

const LEAST_LIMIT_SECONDS = 30;
const LEAST_WAIT_SECONDS = 3;

export function scaleOf(timeScale: number): Scale {
  const scaled = (least: number) => (seconds: number) =>
    timeScale >= 1 ? seconds : Math.min(seconds, Math.max(least, seconds * timeScale));
  return { limit: scaled(LEAST_LIMIT_SECONDS), wait: scaled(LEAST_WAIT_SECONDS) };
}

export interface RuleCase {
  readonly series: readonly RuleSeries[];
  /** When it is looked at, e.g. `20m`; samples are a minute apart. */
  readonly at: string;
  /** Of the one that fires: its summary, rendered. */
  readonly says?: string;
  /** Beside `severity`. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RuleSeries {
  readonly series: string;
  readonly values: string;
}

/** How alarms' tables begin. */
export const alarms = (table: readonly Alarm[]): readonly Alarm[] => table;

/** Whole words for a detail: `3 min`, `45 s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'for ever';
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
