import type { By, CaseFile } from './case.ts';
import { slaMsOf } from './clock.ts';
import type { CaseFacts } from './decide.ts';
import { kindEntry } from './kinds.ts';

/** Cases for tests of the rules. */
export const NOW = Date.UTC(2026, 10, 21, 12);

export function file(over: Partial<CaseFile> = {}): CaseFile {
  const kind = over.kind ?? 'amount_under';
  const { team, severity, slaHours } = kindEntry(kind);
  const slaMs = slaMsOf(slaHours, 1);
  return {
    id: `exc_${kind}_sub_1`,
    kind,
    subjectId: 'sub_1',
    summary: 'ten cents are missing',
    paymentId: 'pay_1',
    merchantId: 'mer_1',
    accountId: 'pa_1',
    amountMinor: 10,
    currency: 'EUR',
    status: 'open',
    team,
    severity,
    openedAtMs: NOW,
    openedCount: 1,
    dueAtMs: NOW + slaMs,
    slaMs,
    escalations: 0,
    ...over,
  };
}

export function facts(over: Partial<CaseFacts> = {}): CaseFacts {
  return { limits: { fourEyesMinor: 10_000, writeOffMinor: 1_000 }, stakes: [], ...over };
}

export const alice: By = { operator: 'opr_alice', reason: 'seen in the dashboard', atMs: NOW + 1 };
export const bob: By = { operator: 'opr_bob', reason: 'seen it too', atMs: NOW + 2 };

export const inSuspense = (amountMinor: number) => ({
  account: 'suspense/mer_1',
  currency: 'EUR',
  amountMinor,
});
