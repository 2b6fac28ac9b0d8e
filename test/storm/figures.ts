/** What a storm measured, beside what it checked. Figures are reported as they are; goals stand beside them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { quantile } from '../../bench/lib/statistics.ts';
import { quietWithinMs } from './checker/liveness.ts';
import { viewOf } from './checker/view.ts';
import type { Disturbance, MerchantAnswer, MerchantRequest, StormEvidence } from './evidence-types.ts';
import type { Rig } from './rig/rig.ts';
import type { StormResult, Stretch } from './run-storm.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: string;
  readonly met?: boolean;
}

const FIVE_MINUTES_MS = 300_000;

export function figuresOf(rig: Rig, result: StormResult): readonly Figure[] {
  const { evidence } = result;
  return [
    ...deadlines(evidence),
    ...(result.prelude === undefined ? [] : darkness(evidence, result.prelude)),
    ...healing(result),
    ...sweeping(rig, evidence),
    ...payers(evidence),
    ...hearing(evidence),
  ];
}

/** How far beyond the caller's deadline the API answered, while it was neither killed nor stopped. */
function deadlines(evidence: StormEvidence): readonly Figure[] {
  const away = evidence.disturbances.filter(({ kind }) => kind === 'kill' || kind === 'freeze');
  const requests = new Map(
    evidence.merchant.flatMap((line) => (line.kind === 'request' ? [[line.call, line] as const] : [])),
  );
  const over: number[] = [];
  for (const line of evidence.merchant) {
    if (line.kind !== 'answer' && line.kind !== 'failure') continue;
    const request = requests.get(line.call);
    if (request === undefined || request.method !== 'POST') continue;
    if (wasAway(away, request, request.at + line.elapsedMs)) continue;
    over.push(line.elapsedMs - request.waitMs);
  }
  if (over.length === 0) return [];
  const p99 = Math.round(quantile(over, 0.99));
  const most = Math.round(Math.max(...over));
  return [
    { name: 'answers judged by their deadline', value: over.length, unit: '' },
    { name: 'beyond the deadline, p99', value: p99, unit: 'ms', goal: '<= 250', met: p99 <= 250 },
    { name: 'beyond the deadline, maximum', value: most, unit: 'ms', goal: '<= 1000', met: most <= 1_000 },
  ];
}

function wasAway(away: readonly Disturbance[], { api, at }: MerchantRequest, untilMs: number): boolean {
  return away.some(({ target, fromMs, toMs }) => target === `api-${api}` && fromMs <= untilMs && toMs >= at);
}

/** A dark provider: what was still sent to it, and what the other one's payments felt of it. */
function darkness(
  evidence: StormEvidence,
  { healthy, dark }: { readonly healthy: Stretch; readonly dark: Stretch },
): readonly Figure[] {
  const came = dark.scenarios.filter((number) => number % 2 === 1).length;
  const account = evidence.settings.accounts.stripe;
  const attempts = new Set(
    evidence.tables.attempt.flatMap((row) => (row.account_id === account ? [String(row.id)] : [])),
  );
  const within = (at: unknown) =>
    at instanceof Date && at.getTime() >= dark.fromMs && at.getTime() <= dark.toMs;
  // A claim is a send, also where the connection was refused; a resend has its own time.
  const sent = evidence.tables.operation
    .filter((row) => attempts.has(String(row.attempt_id)))
    .reduce(
      (sum, row) =>
        sum +
        (within(row.first_sent_at) ? 1 : 0) +
        (Number(row.sends) > 1 && within(row.last_sent_at) ? 1 : 0),
      0,
    );
  const ratio = Math.round((sent / came) * 100) / 100;
  const [before, during] = [healthy, dark].map((stretch) => quantile(answerTimes(evidence, stretch), 0.95));
  const slower = Math.round(((during ?? 0) / (before ?? 1)) * 100) / 100;
  return [
    {
      name: 'sends to a dark provider, per payment for it',
      value: ratio,
      unit: 'x',
      goal: '<= 1.2',
      met: ratio <= 1.2,
    },
    { name: "the other provider's p95, both well", value: Math.round(before ?? 0), unit: 'ms' },
    { name: "the other provider's p95, one dark", value: Math.round(during ?? 0), unit: 'ms' },
    { name: 'one dark beside both well', value: slower, unit: 'x', goal: '<= 1.5', met: slower <= 1.5 },
  ];
}

/** How long the sales at the well provider (the even numbers) took to be answered, first answers only. */
function answerTimes(evidence: StormEvidence, { scenarios }: Stretch): number[] {
  const wanted = new Set(scenarios.filter((number) => number % 2 === 0));
  const calls = new Set(
    evidence.merchant.flatMap((line) =>
      line.kind === 'request' && line.path === '/v1/payments' && wanted.has(line.scenario) ? [line.call] : [],
    ),
  );
  return evidence.merchant
    .filter((line): line is MerchantAnswer => line.kind === 'answer' && calls.has(line.call))
    .map(({ elapsedMs }) => elapsedMs);
}

/** Five minutes by the declared scale, and what the scale doesn't touch; see the checker's I9. */
function healing({ evidence, rest }: StormResult): readonly Figure[] {
  const scaledMs = FIVE_MINUTES_MS * evidence.timeScale;
  const goalMs = quietWithinMs(viewOf(evidence));
  const left = rest.course.findLast(({ atMs }) => atMs <= scaledMs)?.restless ?? 0;
  const tookMs = Math.round((rest.quietAtMs ?? Number.POSITIVE_INFINITY) - evidence.healedAtMs);
  const goal = `<= ${goalMs}, of it 5 min x ${evidence.timeScale}`;
  return [
    { name: 'from healing to rest', value: tookMs, unit: 'ms', goal, met: tookMs <= goalMs },
    { name: `not at rest ${scaledMs} ms after healing`, value: left, unit: '' },
  ];
}

/** As the worker's log has it. */
interface Swept {
  readonly reopened?: { readonly closed: number; readonly forgotten: number; readonly stuck: number };
  readonly letters?: { readonly told: number };
}

/** What the sweeper found, by the workers' own logs, beside what gave it work. */
function sweeping(rig: Rig, evidence: StormEvidence): readonly Figure[] {
  const found = { reopened: 0, letters: 0 };
  for (const name of ['worker-0', 'worker-1']) {
    const path = join(rig.dataDir, 'logs', `${name}.log`);
    if (!existsSync(path)) continue;
    for (const text of readFileSync(path, 'utf8').split('\n')) {
      if (!text.includes('"swept"')) continue;
      const { reopened, letters } = JSON.parse(text) as Swept;
      found.reopened += (reopened?.closed ?? 0) + (reopened?.forgotten ?? 0) + (reopened?.stuck ?? 0);
      found.letters += letters?.told ?? 0;
    }
  }
  const generations = evidence.tables.payment.reduce((sum, row) => sum + Number(row.generation) - 1, 0);
  const ended = evidence.faults.filter(({ kind, what }) => kind === 'reset' && what !== 'activity').length;
  return [
    { name: 'workflows ended or reset by hand', value: ended, unit: '' },
    { name: 'generations opened anew', value: generations, unit: '' },
    { name: 'of them by the sweeper', value: found.reopened, unit: '' },
    { name: 'letters that the sweeper signalled again', value: found.letters, unit: '' },
  ];
}

/** How the challenges of the storm ended, whoever ended them. */
function payers({ tables }: StormEvidence): readonly Figure[] {
  const statuses = tables.attempt.flatMap(({ authentication }) => {
    const { status, challengedAtMs } = (authentication ?? {}) as { status?: string; challengedAtMs?: number };
    return status === undefined || challengedAtMs === undefined ? [] : [status];
  });
  const approved = statuses.filter((status) => ['challenged', 'completed_without_return'].includes(status));
  return [
    { name: 'challenges', value: statuses.length, unit: '' },
    { name: 'of them approved', value: approved.length, unit: '' },
  ];
}

/** What the merchant's endpoints were told, and how often in vain. */
function hearing({ deliveries, tables }: StormEvidence): readonly Figure[] {
  const failed = deliveries.filter(({ answered }) => answered < 200 || answered >= 300).length;
  return [
    { name: 'events', value: tables.outbox.length, unit: '' },
    { name: 'deliveries that came to the three endpoints', value: deliveries.length, unit: '' },
    { name: 'of them answered badly or not at all', value: failed, unit: '' },
  ];
}
