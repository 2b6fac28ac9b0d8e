import { sha256 as digestOf } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * The hash chains of the audit rows (one a payment and a refund, and one of administrators' acts), checked without the
 * code that wrote them: hash = sha256(previous hash ":" sequence ":" digest), digest = sha256(content), and the first
 * previous hash is the owner's id, or the table's name. The readable columns must say what the content says, or they
 * could be altered alone.
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
  let head: ChainHead = { sequence: 0, hash: owner.id };
  for (const row of rows) {
    problems.push(...linkProblems(row, head));
    if (row.contentDigest === sha256(row.content))
      problems.push(...unfaithfulColumns(row).map((name) => `step ${row.sequence} has an altered ${name}`));
    head = row;
  }
  const last = rows.at(-1);
  if (last === undefined) return ['there is no audit row'];
  if (owner.sequence !== last.sequence || owner.auditHead !== last.hash)
    problems.push(`its row stands at step ${owner.sequence}, its audit ends at step ${last.sequence}`);
  else if (owner.status !== last.toStatus)
    problems.push(`its row is ${owner.status}, its audit says ${last.toStatus}`);
  return problems;
}

/** One of the acts of administrators, which are one chain for the whole installation. */
export interface AdminAuditRow {
  readonly sequence: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly content: string;
  readonly contentDigest: string;
  readonly previousHash: string;
  readonly hash: string;
  readonly at: Date;
}

/** Where the reading of a chain stands: the hash of the last row that was read, and its number. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

/** What is wrong with the next rows of the administrators' chain, and where it stands after them. */
export function brokenAdminLinks(
  head: ChainHead,
  rows: readonly AdminAuditRow[],
): { readonly problems: readonly string[]; readonly head: ChainHead } {
  const problems: string[] = [];
  let { sequence, hash } = head;
  for (const row of rows) {
    problems.push(...linkProblems(row, { sequence, hash }));
    if (row.contentDigest === sha256(row.content))
      problems.push(...unfaithfulAct(row).map((name) => `step ${row.sequence} has an altered ${name}`));
    ({ sequence, hash } = row);
  }
  return { problems, head: { sequence, hash } };
}

type Link = Pick<AuditRow, 'sequence' | 'previousHash' | 'hash' | 'content' | 'contentDigest'>;

/** What a row says of its place in the chain, and of its own content. */
function linkProblems(row: Link, before: ChainHead): string[] {
  const at = `step ${row.sequence}`;
  const due = before.sequence + 1;
  return [
    ...(row.sequence === due ? [] : [`${at} stands where step ${due} belongs`]),
    ...(row.previousHash === before.hash ? [] : [`${at} does not follow the step before it`]),
    ...(row.hash === sha256(`${row.previousHash}:${row.sequence}:${row.contentDigest}`)
      ? []
      : [`${at} has another hash than its content and place give`]),
    ...(row.contentDigest === sha256(row.content) ? [] : [`${at} has altered content`]),
  ];
}

function unfaithfulAct(row: AdminAuditRow): string[] {
  const said = JSON.parse(row.content) as Record<string, unknown>;
  return differing([
    ['sequence', row.sequence, said.sequence],
    ['actor', row.actor, said.actor],
    ['action', row.action, said.action],
    ['subject', row.subject, said.subject],
    ['reason', row.reason, said.reason],
    ['at', row.at.getTime(), said.atMs],
  ]);
}

function differing(columns: readonly (readonly [string, unknown, unknown])[]): string[] {
  return columns.filter(([, is, should]) => is !== should).map(([name]) => name);
}

function unfaithfulColumns(row: AuditRow): string[] {
  const said = JSON.parse(row.content) as Record<string, unknown>;
  const trigger = said.trigger as { type?: unknown; actor?: unknown } | undefined;
  return differing([
    ['sequence', row.sequence, said.sequence],
    ['generation', row.generation, said.generation],
    ['trigger', row.trigger, trigger?.type],
    ['actor', row.actor, trigger?.actor],
    ['from_status', row.fromStatus, said.fromStatus ?? null],
    ['to_status', row.toStatus, said.status],
    ['reason', row.reason, said.reason],
    ['policy_version', row.policyVersion, said.policyVersion],
    ['at', row.at.getTime(), said.atMs],
  ]);
}

function sha256(text: string): string {
  return bytesToHex(digestOf(utf8ToBytes(text)));
}
