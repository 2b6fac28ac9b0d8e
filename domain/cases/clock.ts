import type { CaseFile } from './case.ts';

/** Who hears of a case that lasts, by how much of its time has gone. The level is the place in this list, from 1. */
export const ESCALATIONS = [
  { share: 0.5, to: 'its owner, or its team where it has none' },
  { share: 1, to: "the team's lead: the time is over" },
  { share: 2, to: 'the head of operations' },
] as const;

/** From this level on its time is over. */
export const OVERDUE_LEVEL = 2;

const HOUR_MS = 3_600_000;

export function slaMsOf(slaHours: number, timeScale: number): number {
  return Math.max(1, Math.round(slaHours * HOUR_MS * timeScale));
}

export interface Escalation {
  readonly level: number;
  readonly atMs: number;
}

/** The next one of an open case; none where it is resolved, not yet taken, or everybody has heard of it. */
export function nextEscalation(
  file: Pick<CaseFile, 'status' | 'escalations' | 'dueAtMs' | 'slaMs'>,
): Escalation | undefined {
  const { status, escalations, dueAtMs, slaMs } = file;
  const next = ESCALATIONS[escalations];
  if (status === 'resolved' || dueAtMs === undefined || next === undefined) return undefined;
  return { level: escalations + 1, atMs: Math.round(dueAtMs + (next.share - 1) * slaMs) };
}

/** How many levels have come by now. A case found late is told of once, at the level it has reached. */
export function levelAt(file: Pick<CaseFile, 'dueAtMs' | 'slaMs'>, nowMs: number): number {
  const { dueAtMs, slaMs } = file;
  if (dueAtMs === undefined) return 0;
  return ESCALATIONS.filter(({ share }) => nowMs >= Math.round(dueAtMs + (share - 1) * slaMs)).length;
}
