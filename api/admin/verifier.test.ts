import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Verification, VerificationStep } from '../../db/settings/admin/verifications.ts';
import { waitFor } from '../../test/support/harness.ts';
import { createVerifier } from './verifier.ts';

const PAGES = 5;
/** A page of hashing: so long nothing else of this process runs. */
const PAGE_MS = 20;

let stopping: AbortController;
let kept: Verification;
/** For each page: when it began and ended. */
let pages: { readonly beganMs: number; readonly endedMs: number }[];
let page: () => void;

beforeEach(() => {
  stopping = new AbortController();
  pages = [];
  page = () => undefined;
  kept = {
    id: 'ver_1',
    scope: 'all',
    requestedBy: 'operator:opr_a',
    status: 'running',
    total: PAGES,
    checked: 0,
    rows: 0,
    problemCount: 0,
    problems: [],
    cursor: { stage: 'administrators', read: 0 },
    startedAtMs: Date.now(),
    touchedAtMs: Date.now(),
  };
});
afterEach(() => stopping.abort());

/** The register and the chains without a database: what is tried is when the verifier asks them. */
function verifier() {
  return createVerifier(
    {
      chains: {
        count: async () => PAGES,
        async verify(_scope, cursor) {
          const beganMs = performance.now();
          while (performance.now() - beganMs < PAGE_MS);
          page();
          pages.push({ beganMs, endedMs: performance.now() });
          const read = cursor.read + 1;
          const next = read === PAGES ? undefined : { ...cursor, read };
          return { stage: 'administrators', owners: 1, rows: 1, findings: [], next };
        },
      },
      verifications: {
        find: async () => kept,
        latest: async () => [kept],
        begin: () => expect.fail('it has begun already'),
        advance: async (from, step) => {
          kept = advanced(from, step);
          return kept;
        },
        fail: async () => {
          kept = { ...kept, status: 'failed' };
        },
      },
    },
    { logger: pino({ level: 'silent' }), stopping: stopping.signal },
  );
}

function advanced(from: Verification, { owners, rows, next }: VerificationStep): Verification {
  const counted = { checked: from.checked + owners, rows: from.rows + rows, touchedAtMs: Date.now() };
  return next === undefined
    ? { ...from, ...counted, status: 'ended' }
    : { ...from, ...counted, cursor: next };
}

const ended = () => waitFor(() => kept.status !== 'running', { what: 'the verification to end' });

describe('a verification', () => {
  it('rests after each page as long as the page took, and lets others run meanwhile', async () => {
    let turns = 0;
    const turnsBefore: number[] = [];
    page = () => void turnsBefore.push(turns);
    verifier().carryOn(kept);
    while (kept.status === 'running') {
      await turn();
      turns += 1;
    }
    expect([kept.status, kept.checked]).toEqual(['ended', PAGES]);
    for (const [n, { beganMs }] of pages.entries()) {
      const before = pages[n - 1];
      if (before === undefined) continue;
      // A timer may ring a millisecond early.
      expect(beganMs - before.endedMs).toBeGreaterThanOrEqual(before.endedMs - before.beganMs - 2);
      expect(turnsBefore[n]).toBeGreaterThan(turnsBefore[n - 1] ?? 0);
    }
  });

  it('is carried on once, however many look at it meanwhile', async () => {
    const one = verifier();
    for (let look = 0; look < 3; look += 1) one.carryOn(kept);
    await ended();
    expect(pages).toHaveLength(PAGES);
    one.carryOn(kept);
    expect(pages).toHaveLength(PAGES);
  });

  it('stops with the process, and goes on from its cursor in another', async () => {
    page = () => {
      if (pages.length === 1) stopping.abort();
    };
    verifier().carryOn(kept);
    await waitFor(() => kept.checked === 2, { what: 'the page that was under way' });
    await turn();
    expect([kept.status, pages.length]).toEqual(['running', 2]);
    stopping = new AbortController();
    const other = verifier();
    // Its worker may still be alive.
    other.carryOn(kept);
    expect(pages).toHaveLength(2);
    other.carryOn({ ...kept, touchedAtMs: Date.now() - 60_000 });
    await ended();
    expect([kept.checked, pages.length]).toEqual([PAGES, PAGES]);
  });

  it('fails where a page cannot be read', async () => {
    page = () => {
      throw new Error('the database is away');
    };
    verifier().carryOn(kept);
    await ended();
    expect(kept.status).toBe('failed');
  });
});
