import { ATTEMPT_EDGES, OPERATION_EDGES, PAYMENT_EDGES } from '../../../domain/payment/states.ts';
import { REFUND_EDGES } from '../../../domain/refund/states.ts';
import type { Finding } from './finding.ts';
import type { AuditRow } from './rows.ts';
import type { View } from './view.ts';

/**
 * I6: monotone. Status moves along listed edges only, one sequence number at a time, never out of a terminal
 * state and never back a generation; and an older generation has stopped. Read from the audit rows, in which
 * each step's attempts and operations stand as it left them.
 */
export function checkMonotone(view: View): Finding[] {
  return [
    ...[...view.payments.values()].flatMap((row) => judgeOwner(view, row, PAYMENT_EDGES)),
    ...[...view.refunds.values()].flatMap((row) => judgeOwner(view, row, REFUND_EDGES)),
    ...twoWriters(view),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I6', subject, what });

type Edges = Readonly<Record<string, readonly string[]>>;

function isListed(edges: Edges, from: string, to: string): boolean {
  return from === to ? to in edges : (edges[from]?.includes(to) ?? false);
}

interface Owner {
  readonly id: string;
  readonly status: string;
  readonly sequence: number;
  readonly generation: number;
}

function judgeOwner(view: View, owner: Owner, edges: Edges): Finding[] {
  const rows = view.audits.get(owner.id) ?? [];
  const findings: Finding[] = [];
  const say = (what: string) => findings.push(found(owner.id, what));
  let before: AuditRow | undefined;
  for (const row of rows) {
    const due = (before?.sequence ?? 0) + 1;
    if (row.sequence !== due) say(`has step ${row.sequence} where step ${due} is due`);
    if (before !== undefined) judgeStep(before, row, edges, say);
    else if (row.fromStatus !== undefined) say(`begins as if it had been ${row.fromStatus}`);
    before = row;
  }
  if (before === undefined) say('has no step at all');
  else if (before.sequence !== owner.sequence || before.toStatus !== owner.status)
    say(
      `is ${owner.status} at ${owner.sequence}, its last step left it ${before.toStatus} at ${before.sequence}`,
    );
  return [...findings, ...judgeParts(owner.id, rows)];
}

function judgeStep(before: AuditRow, row: AuditRow, edges: Edges, say: (what: string) => void): void {
  if (row.fromStatus !== before.toStatus)
    say(`step ${row.sequence} starts from ${row.fromStatus ?? 'nothing'}, not from ${before.toStatus}`);
  if (!isListed(edges, before.toStatus, row.toStatus))
    say(`step ${row.sequence} goes from ${before.toStatus} to ${row.toStatus}, which is not listed`);
  if (row.generation < before.generation)
    say(`step ${row.sequence} was written by generation ${row.generation} after ${before.generation}`);
}

interface Part {
  readonly id: string;
  readonly status: string;
}

/** A payment's attempts, and anybody's operations, as the steps left them. */
function judgeParts(ownerId: string, rows: readonly AuditRow[]): Finding[] {
  const standing = new Map<string, string>();
  return rows.flatMap((row) => {
    const { attempts = [], operations = [] } = JSON.parse(row.content) as {
      attempts?: readonly Part[];
      operations?: readonly Part[];
    };
    const move = (edges: Edges, { id, status }: Part): Finding[] => {
      // What is new was made as `created` before it was changed in the same step.
      const from = standing.get(id) ?? 'created';
      standing.set(id, status);
      if (isListed(edges, from, status)) return [];
      return [
        found(ownerId, `step ${row.sequence} moves ${id} from ${from} to ${status}, which is not listed`),
      ];
    };
    return [
      ...attempts.flatMap((part) => move(ATTEMPT_EDGES, part)),
      ...operations.flatMap((part) => move(OPERATION_EDGES, part)),
    ];
  });
}

/** `payment/<id>/g<generation>` */
const WORKFLOW_ID = /^(?:payment|refund)\/([^/]+)\/g(\d+)$/;

/** One writer: a workflow of an older generation that still runs could write beside the newer one. */
function twoWriters(view: View): Finding[] {
  return view.evidence.workflows.flatMap(({ workflowId, status }) => {
    const [, id = '', generation = ''] = WORKFLOW_ID.exec(workflowId) ?? [];
    const owner = view.payments.get(id) ?? view.refunds.get(id);
    if (status !== 'RUNNING' || owner === undefined || Number(generation) >= owner.generation) return [];
    return [
      found(id, `is written by generation ${owner.generation}, and generation ${generation} still runs`),
    ];
  });
}
