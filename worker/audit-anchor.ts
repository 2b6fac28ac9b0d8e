import { appendFile, readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { disownedHeads, headsMovedSince } from '../db/audit-heads.ts';
import type { Db } from '../db/client.ts';
import { ANCHOR_GENESIS, type AnchoredHead, anchoredAtMs, anchorLine } from '../domain/audit/anchor.ts';

/**
 * Appends the heads of the audit chains that moved to a file outside of Postgres, signed, each minute. Every
 * worker that is given a file keeps one of its own; `audit verify` holds the database against any of them.
 */
export interface AnchorOptions {
  readonly db: Db;
  readonly file: string;
  readonly key: Uint8Array;
  readonly intervalMs: number;
  readonly log: Logger;
}

const HEADS_A_LINE = 1_000;
const MOST_WATCHED = 2_000;
/** Heads are read again over this span, so that a step committed late is not missed; repeats do no harm. */
const OVERLAP_MS = 10_000;

export interface AuditAnchor {
  /** How long ago all that had moved was anchored, and how many of the watched heads Postgres no longer has. */
  standing(): Promise<{ readonly ageSeconds: number; readonly disowned: number }>;
  stop(): Promise<void>;
}

export function startAuditAnchor(options: AnchorOptions): AuditAnchor {
  let anchoredMs = performance.now();
  // What was anchored since the last look, or was disowned by it: what is broken stays in sight however much moves after it.
  let watched: readonly AnchoredHead[] = [];
  let looked:
    | { readonly at: readonly AnchoredHead[]; readonly disowned: readonly AnchoredHead[] }
    | undefined;
  const watch = (moved: readonly AnchoredHead[]) => {
    const kept = looked !== undefined && looked.at === watched ? looked.disowned : watched;
    watched = [...kept.slice(-MOST_WATCHED), ...moved];
  };

  let since = new Date(0);
  let previous: string | undefined;
  const seen = new Map<string, number>();
  let running: Promise<void> = Promise.resolve();
  const anchor = async () => {
    try {
      if (previous === undefined) ({ previous, since } = await continueFrom(options.file));
      for (;;) {
        const { heads, until } = await headsMovedSince(options.db, since, HEADS_A_LINE);
        const moved = heads.filter(({ ownerId, sequence }) => seen.get(ownerId) !== sequence);
        if (moved.length > 0) {
          const line = anchorLine(previous, Date.now(), moved, options.key);
          await appendFile(options.file, `${line}\n`, { mode: 0o600 });
          previous = line;
          watch(moved);
          for (const { ownerId, sequence } of moved) seen.set(ownerId, sequence);
        }
        const full = heads.length === HEADS_A_LINE && until > since;
        since = full ? until : new Date(Math.max(0, until.getTime() - OVERLAP_MS));
        if (full) continue;
        if (heads.length < HEADS_A_LINE) forget(seen, heads);
        anchoredMs = performance.now();
        return;
      }
    } catch (error) {
      options.log.error(
        { error: error instanceof Error ? error.name : typeof error },
        'audit heads not anchored; trying again',
      );
    }
  };
  const timer = setInterval(() => {
    running = running.then(anchor);
  }, options.intervalMs);
  timer.unref();
  return {
    async standing() {
      const at = watched;
      const disowned = at.length === 0 ? [] : await disownedHeads(options.db, at);
      looked = { at, disowned };
      return { ageSeconds: (performance.now() - anchoredMs) / 1_000, disowned: disowned.length };
    },
    async stop() {
      clearInterval(timer);
      await running.then(anchor);
    },
  };
}

/** What lies before the overlap is not read again, so it need not be remembered. */
function forget(seen: Map<string, number>, heads: readonly { readonly ownerId: string }[]): void {
  const recent = new Set(heads.map(({ ownerId }) => ownerId));
  for (const ownerId of seen.keys()) if (!recent.has(ownerId)) seen.delete(ownerId);
}

/** Where an earlier worker left off: its last line, and the time of it. */
async function continueFrom(file: string): Promise<{ previous: string; since: Date }> {
  try {
    const last = (await readFile(file, 'utf8')).split('\n').findLast((line) => line !== '');
    if (last === undefined) return { previous: ANCHOR_GENESIS, since: new Date(0) };
    return { previous: last, since: new Date(anchoredAtMs(last) - OVERLAP_MS) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { previous: ANCHOR_GENESIS, since: new Date(0) };
    }
    throw error;
  }
}
