import type { JournalLine, ProviderName, StormEvidence } from '../evidence-types.ts';
import { ARRIVAL_ALLOWANCE_MS, CLAIM_ALLOWANCE_MS } from './allowances.ts';
import type { Finding } from './finding.ts';
import type { OperationRow } from './rows.ts';
import { atMs, grouped, providerOf, type View } from './view.ts';

/**
 * I1, before it comes to an effect: what arrived at a provider must have been allowed to leave. Each arrival
 * carries the key of a recorded operation, has a permit behind it that was claimed just before, and comes in
 * time: a first send before `send_by`, a resend while its key lives and its operation is open.
 */
export function checkSends(view: View): Finding[] {
  const arrivals = view.lines.filter((line) => line.kind === 'arrival');
  const strange = arrivals.filter((line) => view.operationByKey.get(line.idempotencyKey ?? '') === undefined);
  const known = grouped(
    arrivals.filter((line) => !strange.includes(line)),
    (line) => line.idempotencyKey ?? '',
  );
  return [
    ...strange.map(unrecorded),
    ...[...known].flatMap(([key, lines]) => {
      const operation = view.operationByKey.get(key);
      return operation === undefined ? [] : judge(view, operation, lines);
    }),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I1', subject, what });

function unrecorded(line: JournalLine): Finding {
  const key =
    line.idempotencyKey === null ? 'no key' : `a key that no operation has (${line.idempotencyKey})`;
  const what = `${line.operation ?? 'a request'} arrived at ${line.provider} with ${key}`;
  return found(line.reference ?? `${line.provider} line ${line.seq}`, what);
}

function judge(view: View, operation: OperationRow, lines: readonly JournalLine[]): Finding[] {
  const findings: Finding[] = [];
  const [first, ...later] = [...lines].sort((a, b) => atMs(a) - atMs(b));
  if (first === undefined) return [];
  if (lines.length > operation.sends)
    findings.push(
      found(operation.id, `arrived ${lines.length} times with ${operation.sends} permits claimed`),
    );
  const charging = operation.kind === 'authorize' || operation.kind === 'sale';
  const { sendByMs, keyExpiresAtMs, closedAtMs, lastSentAtMs } = operation;
  for (const line of lines) {
    if (lastSentAtMs !== undefined && isLate(view, operation, line, lastSentAtMs))
      findings.push(found(operation.id, `was sent ${atMs(line) - lastSentAtMs} ms after its last claim`));
  }
  if (charging && sendByMs !== undefined && isLate(view, operation, first, sendByMs))
    findings.push(found(operation.id, `was sent first ${atMs(first) - sendByMs} ms after its send_by`));
  for (const line of later) {
    if (charging && sendByMs !== undefined && isLate(view, operation, line, sendByMs))
      findings.push(found(operation.id, `was sent again ${atMs(line) - sendByMs} ms after its send_by`));
    const keyDiesMs = Math.min(
      keyExpiresAtMs ?? Number.POSITIVE_INFINITY,
      keyWindowEnd(view, operation, first),
    );
    if (isLate(view, operation, line, keyDiesMs))
      findings.push(found(operation.id, `was sent again ${atMs(line) - keyDiesMs} ms after its key expired`));
    if (closedAtMs !== undefined && isLate(view, operation, line, closedAtMs))
      findings.push(found(operation.id, `was sent again ${atMs(line) - closedAtMs} ms after it was closed`));
  }
  return findings;
}

/** What the provider itself promises, from the first arrival on: the recorded expiry must not exceed it. */
function keyWindowEnd(view: View, operation: OperationRow, first: JournalLine): number {
  const attempt = view.attempts.get(operation.attemptId);
  const provider = attempt === undefined ? undefined : providerOf(view, attempt.accountId);
  const { settings, timeScale } = view.evidence;
  return provider === undefined
    ? Number.POSITIVE_INFINITY
    : atMs(first) + settings.keyWindowMs[provider] * timeScale;
}

/**
 * Whether the arrival is too late to have left in time. Bytes that left in time are delivered late by a slow
 * link, and read late by a simulator that was stopped: those times are no fault of the sender.
 */
function isLate(view: View, operation: OperationRow, line: JournalLine, limitMs: number): boolean {
  const lateFromMs = limitMs + CLAIM_ALLOWANCE_MS + ARRIVAL_ALLOWANCE_MS;
  if (atMs(line) <= lateFromMs) return false;
  const attempt = view.attempts.get(operation.attemptId);
  const provider = attempt === undefined ? undefined : providerOf(view, attempt.accountId);
  const heldUpMs = provider === undefined ? 0 : heldUpBetween(view.evidence, provider, limitMs, atMs(line));
  return atMs(line) - heldUpMs > lateFromMs;
}

function heldUpBetween(
  evidence: StormEvidence,
  provider: ProviderName,
  fromMs: number,
  toMs: number,
): number {
  const { settings, disturbances } = evidence;
  let longestMs = 0;
  for (const { target, kind, fromMs: startMs, toMs: endMs } of disturbances) {
    if (!target.includes(provider) || startMs > toMs || endMs < fromMs) continue;
    // A link holds bytes back for as long as its sender waits at most; a stopped process until it goes on.
    const tailMs = kind === 'net' ? settings.providerDeadlineMs : 0;
    longestMs = Math.max(longestMs, Math.min(endMs + tailMs, toMs) - Math.max(startMs, fromMs));
  }
  return longestMs;
}
