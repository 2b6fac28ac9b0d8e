import type { StoryEntry } from './entry.ts';

/** More than these are not what stands out any more. */
const MOST = 12;

/** A refusal and the row of what was refused are written within one request. */
const ONE_REQUEST_MS = 10_000;

/**
 * What stood out: everything that did not go as it should, and what somebody would otherwise wonder about (a double submit, a
 * workflow that began anew). The oldest first; of a flood the latest. What two rows tell is said once, by the fuller one.
 */
export function highlightsOf(entries: readonly StoryEntry[]): readonly StoryEntry[] {
  const standing = entries.filter(standsOut);
  return standing
    .filter((entry) => entry.source.kind !== 'request_note' || !standing.some((other) => tells(other, entry)))
    .slice(-MOST);
}

function standsOut({ severity, technical, source }: StoryEntry): boolean {
  if (technical) return false;
  return severity === 'warning' || severity === 'bad' || source.kind === 'request_note';
}

/** Whether the row of a request, or of the refund that it asked for, tells of the refusal that was noted. */
function tells(other: StoryEntry, { details: noted, atMs }: StoryEntry): boolean {
  if (noted.times !== 1 || Math.abs(other.atMs - atMs) > ONE_REQUEST_MS) return false;
  const { refusal, failure, path } = other.details as {
    readonly refusal?: { readonly code: string } | null;
    readonly failure?: { readonly code: string } | null;
    readonly path?: string;
  };
  if (other.source.kind === 'request') return path === noted.path && refusal?.code === noted.code;
  return other.source.kind === 'refund' && failure?.code === noted.code;
}
