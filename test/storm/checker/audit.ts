import { createHash } from 'node:crypto';
import type { Finding } from './finding.ts';
import type { AuditRow } from './rows.ts';
import type { View } from './view.ts';

/**
 * I7: the audit. Each owner's rows are a chain from its id to its head: hash = sha256(previous ":" sequence ":"
 * digest), digest = sha256(content); one row for each transition, and the readable columns say what the
 * content says.
 */
export function checkAudit(view: View): Finding[] {
  const owners = [...view.payments.values(), ...view.refunds.values()];
  return owners.flatMap(({ id, sequence, auditHead }) => {
    const rows = view.audits.get(id) ?? [];
    return [...brokenLinks(id, rows), ...wrongEnd(id, rows, sequence, auditHead)];
  });
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I7', subject, what });

function brokenLinks(ownerId: string, rows: readonly AuditRow[]): Finding[] {
  let previous = ownerId;
  return rows.flatMap((row) => {
    const problems = [
      ...(row.previousHash === previous ? [] : ['does not follow the row before it']),
      ...(row.contentDigest === sha256(row.content) ? [] : ['has another digest than its content']),
      ...(row.hash === sha256(`${row.previousHash}:${row.sequence}:${row.contentDigest}`)
        ? []
        : ['has another hash than its place and digest give']),
      ...unfaithful(row),
    ];
    previous = row.hash;
    return problems.map((problem) => found(ownerId, `row ${row.sequence} ${problem}`));
  });
}

function unfaithful(row: AuditRow): string[] {
  const said = JSON.parse(row.content) as Readonly<Record<string, unknown>>;
  const columns: readonly (readonly [string, unknown, unknown])[] = [
    ['sequence', row.sequence, said.sequence],
    ['generation', row.generation, said.generation],
    ['from_status', row.fromStatus, said.fromStatus],
    ['to_status', row.toStatus, said.status],
  ];
  return columns
    .filter(([, is, should]) => is !== should)
    .map(([name]) => `has another ${name} than its content`);
}

function wrongEnd(
  ownerId: string,
  rows: readonly AuditRow[],
  sequence: number,
  auditHead: string,
): Finding[] {
  const last = rows.at(-1);
  if (last === undefined) return [found(ownerId, 'has no audit row')];
  const findings: Finding[] = [];
  if (rows.length !== sequence)
    findings.push(found(ownerId, `has ${rows.length} audit rows for ${sequence} transitions`));
  if (last.hash !== auditHead) findings.push(found(ownerId, 'has another head than its last audit row'));
  return findings;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
