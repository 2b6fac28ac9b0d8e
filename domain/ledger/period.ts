import type { Mode } from '../names.ts';

/** A month or a day in UTC, as `2026-11` or `2026-11-21`. A transaction belongs to the period in which it was posted. */
export interface Period {
  readonly name: string;
  /** Epoch milliseconds: from the first, up to and without the second. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export const PERIOD_PATTERN = /^(2\d{3})-(\d{2})(?:-(\d{2}))?$/;

/** Undefined: not a period, e.g. the 30th of February. */
export function parsePeriod(name: string): Period | undefined {
  const [, year, month, day] = PERIOD_PATTERN.exec(name) ?? [];
  if (year === undefined || month === undefined) return undefined;
  const fromMs = Date.parse(`${year}-${month}-${day ?? '01'}T00:00:00.000Z`);
  // What Date.parse makes of a day that isn't there depends on who wrote it: the way back tells.
  if (Number.isNaN(fromMs) || !new Date(fromMs).toISOString().startsWith(name)) return undefined;
  const from = new Date(fromMs);
  const untilMs =
    day === undefined
      ? Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1)
      : Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate() + 1);
  return { name, fromMs, untilMs };
}

/** Epoch milliseconds of Unix seconds or of ISO 8601 in UTC; undefined: neither. */
export function parseInstant(text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1_000;
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text.slice(0, 10)) ? undefined : ms;
}

export const EXPORT_FORMATS = ['csv', 'journal'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What an export is of. The same subject is the same export, byte by byte, for ever. */
export interface ExportSubject {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly period: Period;
  readonly format: ExportFormat;
}

/** Readable on purpose: it is a file's name, and its parts can be told apart from the end. */
export function exportIdFor({ merchantId, mode, period, format }: ExportSubject): string {
  return `lex_${merchantId}_${mode}_${period.name}_${format}`;
}
