import type { Logger } from 'pino';
import type { ChainFinding, Verification } from '../../db/settings/index.ts';
import type { AdminParts } from './parts.ts';

/**
 * Carries a verification of the audit chains on, a page at a time, in this process and beside what it serves: after each
 * page it rests as long as the page took. Where the process ends, whoever next looks at the verification goes on from
 * its cursor; two at once do no harm, because a page counts only from where its reader began.
 */
export interface Verifier {
  /** Goes on with it, unless somebody has worked on it a moment ago. */
  carryOn(verification: Verification): void;
}

/** A page takes far less, so whoever has not been heard of for so long is gone. */
const ABANDONED_MS = 15_000;
const MOST_REST_MS = 2_000;

type Parts = Pick<AdminParts, 'verifications' | 'chains' | 'anchor'>;

export function createVerifier(
  parts: Parts,
  { logger, stopping }: { readonly logger: Logger; readonly stopping: AbortSignal },
): Verifier {
  const here = new Set<string>();
  const run = async (begun: Verification) => {
    let verification: Verification | undefined = begun;
    try {
      while (verification?.status === 'running' && !stopping.aborted) {
        const startedMs = performance.now();
        verification = await oneStep(parts, verification);
        await rest(Math.min(performance.now() - startedMs, MOST_REST_MS), stopping);
      }
    } catch (error) {
      logger.error({ err: error, verification: begun.id }, 'the audit chains could not be verified');
      if (verification !== undefined) await parts.verifications.fail(verification).catch(() => undefined);
    } finally {
      here.delete(begun.id);
    }
  };
  return {
    carryOn(verification) {
      const { id, status, checked, touchedAtMs, cursor } = verification;
      const isNew = checked === 0 && cursor.read === 0;
      const isAbandoned = Date.now() - touchedAtMs > ABANDONED_MS;
      if (status !== 'running' || here.has(id) || !(isNew || isAbandoned)) return;
      here.add(id);
      void run(verification);
    },
  };
}

async function oneStep(
  { verifications, chains, anchor }: Parts,
  verification: Verification,
): Promise<Verification | undefined> {
  const { owners, rows, findings, next } = await chains.verify(verification.scope, verification.cursor);
  // What was anchored is looked at once, with the last page.
  const anchored: readonly ChainFinding[] = next === undefined ? ((await anchor?.findings()) ?? []) : [];
  return verifications.advance(verification, { owners, rows, findings: [...findings, ...anchored], next });
}

function rest(ms: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    stopping.addEventListener('abort', over);
  });
}
