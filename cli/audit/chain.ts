import { createHash } from 'node:crypto';

/**
 * The hash chain of one payment's or refund's audit rows, checked without the code that wrote it: hash =
 * sha256(previous hash ":" sequence ":" digest), digest = sha256(content), and the first previous hash is
 * its owner's id. The readable columns must say what the content says, or they could be altered alone.
 */
export interface AuditRow {
  readonly sequence: number;
  readonly generation: number;
  readonly trigger: string;
  readonly actor: string;
  readonly fromStatus: string | null;
  readonly toStatus: string;
  readonly reason: string;
  readonly policyVersion: number | null;
  readonly content: string;
  readonly contentDigest: string;
  readonly previousHash: string;
  readonly hash: string;
  readonly at: Date;
}

export interface AuditedOwner {
  readonly id: string;
  readonly status: string;
  readonly sequence: number;
  readonly auditHead: string;
}

/** What is wrong with a chain, one sentence each; none means that nothing was altered or cut. */
export function brokenLinks(owner: AuditedOwner, rows: readonly AuditRow[]): string[] {
  const problems: string[] = [];
  let previous = owner.id;
  let due = 1;
  for (const row of rows) {
    const at = `step ${row.sequence}`;
    if (row.sequence !== due) problems.push(`${at} stands where step ${due} belongs`);
    if (row.previousHash !== previous) problems.push(`${at} does not follow the step before it`);
    if (row.hash !== sha256(`${row.previousHash}:${row.sequence}:${row.contentDigest}`))
      problems.push(`${at} has another hash than its content and place give`);
    if (row.contentDigest !== sha256(row.content)) problems.push(`${at} has altered content`);
    else problems.push(...unfaithfulColumns(row).map((name) => `${at} has an altered ${name}`));
    previous = row.hash;
    due = row.sequence + 1;
  }
  const last = rows.at(-1);
  if (last === undefined) return ['there is no audit row'];
  if (owner.sequence !== last.sequence || owner.auditHead !== last.hash)
    problems.push(`its row stands at step ${owner.sequence}, its audit ends at step ${last.sequence}`);
  else if (owner.status !== last.toStatus)
    problems.push(`its row is ${owner.status}, its audit says ${last.toStatus}`);
  return problems;
}

function unfaithfulColumns(row: AuditRow): string[] {
  const said = JSON.parse(row.content) as Record<string, unknown>;
  const trigger = said.trigger as { type?: unknown; actor?: unknown } | undefined;
  const columns: readonly (readonly [string, unknown, unknown])[] = [
    ['sequence', row.sequence, said.sequence],
    ['generation', row.generation, said.generation],
    ['trigger', row.trigger, trigger?.type],
    ['actor', row.actor, trigger?.actor],
    ['from_status', row.fromStatus, said.fromStatus ?? null],
    ['to_status', row.toStatus, said.status],
    ['reason', row.reason, said.reason],
    ['policy_version', row.policyVersion, said.policyVersion],
    ['at', row.at.getTime(), said.atMs],
  ];
  return columns.filter(([, is, should]) => is !== should).map(([name]) => name);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
