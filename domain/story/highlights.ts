import type { StoryEntry } from './entry.ts';

/** More than these are not what stands out any more. */
const MOST = 12;

/**
 * What stood out: everything that did not go as it should, and what somebody would otherwise wonder about (a double submit, a
 * workflow that began anew). The oldest first; of a flood the latest.
 */
export function highlightsOf(entries: readonly StoryEntry[]): readonly StoryEntry[] {
  return entries.filter(standsOut).slice(-MOST);
}

function standsOut({ severity, technical, source }: StoryEntry): boolean {
  if (technical) return false;
  return severity === 'warning' || severity === 'bad' || source.kind === 'request_note';
}
