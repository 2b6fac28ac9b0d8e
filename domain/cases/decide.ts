import type { Refusal } from '../payment/commands.ts';
import type { By, CaseCommand, CaseDecision, CaseFile, DecisionCommand } from './case.ts';
import { ESCALATIONS, levelAt } from './clock.ts';
import { targetRefusal } from './dispositions.ts';
import { kindEntry } from './kinds.ts';
import { type CaseLimits, needsTwo } from './limits.ts';
import {
  type CaseEntry,
  entriesOf,
  isSuspended,
  type Stake,
  type TargetFacts,
  writtenOffMinor,
} from './money.ts';
import { allowedCommands, CASE_MOVES } from './states.ts';

/** What is looked up, under the case's lock, before a command is judged. */
export interface CaseFacts {
  readonly limits: CaseLimits;
  readonly stakes: readonly Stake[];
  /** Whether the named owner can get in, and has a role that may act. */
  readonly mayOwn?: boolean;
  /** Absent: nothing of that name is known. */
  readonly target?: TargetFacts;
}

export type CaseRuling =
  | {
      readonly type: 'decided';
      readonly after: CaseFile;
      /** The word that stands in the case's entries. */
      readonly action: string;
      readonly content: Readonly<Record<string, string | number>>;
      readonly ledger: readonly CaseEntry[];
    }
  | { readonly type: 'refused'; readonly refusal: Refusal };

type Decided = Extract<CaseRuling, { type: 'decided' }>;

/** One command to one case as it stands. Pure: who commands, when, and what is known come in. */
export function decideCase(file: CaseFile, command: CaseCommand, by: By, facts: CaseFacts): CaseRuling {
  const to = CASE_MOVES[file.status][command.type];
  if (to === undefined) return refuseMove(file, command);
  const { operator: proposedBy, reason, atMs: proposedAtMs } = by;
  switch (command.type) {
    case 'comment':
      return decided(file, 'commented');
    case 'assign': {
      const { owner } = command;
      if (owner !== undefined && facts.mayOwn !== true)
        return refuse(file, 'operator_unknown', 'nobody of this id may act on cases');
      const { owner: _before, ...rest } = file;
      return owner === undefined
        ? decided(rest, 'unassigned')
        : decided({ ...rest, owner }, 'assigned', { owner });
    }
    case 'propose':
    case 'dispose': {
      const refused = judgeDisposition(file, command, facts);
      if (refused !== undefined) return { type: 'refused', refusal: refused };
      const { disposition: type, target } = command;
      const decision: CaseDecision = {
        status: 'proposed',
        type,
        ...(target === undefined ? {} : { target }),
        reason,
        proposedBy,
        proposedAtMs,
      };
      const proposed: CaseFile = { ...file, status: 'proposed', decision };
      return command.type === 'propose'
        ? decided(proposed, 'proposed', contentOf(decision))
        : carryOut(proposed, decision, by, facts, 'disposed');
    }
    case 'reject': {
      const { decision, ...rest } = file;
      return decided({ ...rest, status: to }, 'rejected', contentOf(decision));
    }
    case 'approve': {
      const { decision } = file;
      if (decision === undefined) return refuse(file, 'nothing_proposed', 'nothing is proposed');
      const refused = judgeDisposition(
        file,
        { type: 'propose', disposition: decision.type, ...targetOf(decision) },
        facts,
      );
      if (refused !== undefined) return { type: 'refused', refusal: refused };
      return carryOut(file, decision, by, facts, 'approved');
    }
  }
}

/** The clock's own step: the level that has come by now, or whose timer fired (`due`), if nobody was told of it. */
export function decideEscalation(file: CaseFile, nowMs: number, due = 0): Decided | undefined {
  const level = Math.min(ESCALATIONS.length, Math.max(due, levelAt(file, nowMs)));
  if (file.status === 'resolved' || level <= file.escalations) return undefined;
  return decided({ ...file, escalations: level }, 'escalated', { level });
}

function judgeDisposition(file: CaseFile, command: DecisionCommand, facts: CaseFacts): Refusal | undefined {
  const { disposition } = command;
  const { dispositions, advice, goesBack } = kindEntry(file.kind);
  const no = (code: string, message: string): Refusal => refusalOf(file, code, message);
  if (!dispositions.includes(disposition)) {
    const may =
      dispositions.length === 0
        ? `it ends with its payment or refund: ${advice}`
        : `it takes ${dispositions.join(', ')}`;
    return {
      ...no('disposition_not_allowed', `a ${file.kind} cannot be ended by ${disposition}; ${may}`),
      allowed: dispositions,
    };
  }
  const wrongTarget = targetRefusal(file, command, facts.target);
  if (wrongTarget !== undefined) return no(wrongTarget.code, wrongTarget.message);
  if (disposition === 'ignore' && isSuspended(facts.stakes))
    return no('money_suspended', 'money of it lies in suspense: say whose it is');
  if (disposition === 'accept' && goesBack === true && isSuspended(facts.stakes))
    return no('money_suspended', 'it is not given back yet: its money still lies in suspense');
  if (disposition === 'write_off') {
    const amount = writtenOffMinor(file, facts.stakes);
    if (amount === undefined || amount > facts.limits.writeOffMinor)
      return no(
        'write_off_limit_exceeded',
        `at most ${facts.limits.writeOffMinor} ${file.currency ?? ''} may be written off`,
      );
  }
  return command.type === 'dispose' && needsTwo(file, facts.limits)
    ? secondOperator(file, facts.limits)
    : undefined;
}

function carryOut(
  file: CaseFile,
  decision: CaseDecision,
  by: By,
  facts: CaseFacts,
  action: string,
): CaseRuling {
  if (decision.proposedBy === by.operator && needsTwo(file, facts.limits))
    return { type: 'refused', refusal: secondOperator(file, facts.limits) };
  const alone = decision.proposedBy === by.operator;
  const who = alone ? by.operator : `${by.operator} and ${decision.proposedBy}`;
  const command = { disposition: decision.type, ...targetOf(decision) };
  const after: CaseFile = {
    ...file,
    status: 'resolved',
    decision: { ...decision, status: 'carried_out', approvedBy: by.operator, approvedAtMs: by.atMs },
    closedAtMs: by.atMs,
    resolution: `${decision.type} by ${who}: ${decision.reason}`,
  };
  return { ...decided(after, action, contentOf(decision)), ledger: entriesOf(file, command, facts) };
}

function secondOperator(file: CaseFile, { fourEyesMinor }: CaseLimits): Refusal {
  const why =
    file.amountMinor === undefined || file.currency === undefined
      ? 'nobody knows how much is at stake'
      : `above ${fourEyesMinor} ${file.currency}`;
  return refusalOf(
    file,
    'second_operator_required',
    `${why}, another operator than the one who proposed it must approve`,
  );
}

function refuseMove(file: CaseFile, { type }: CaseCommand): CaseRuling {
  if (file.status === 'resolved') return refuse(file, 'case_resolved', 'the case is resolved');
  if (type === 'propose' || type === 'dispose')
    return refuse(file, 'proposal_pending', 'a disposition is proposed already: approve or reject it');
  return refuse(file, 'nothing_proposed', 'nothing is proposed');
}

function decided(after: CaseFile, action: string, content: Decided['content'] = {}): Decided {
  return { type: 'decided', after, action, content, ledger: [] };
}

function contentOf(decision: CaseDecision | undefined): Decided['content'] {
  return decision === undefined
    ? {}
    : { disposition: decision.type, ...targetOf(decision), proposed_by: decision.proposedBy };
}

function targetOf({ target }: CaseDecision): { target?: string } {
  return target === undefined ? {} : { target };
}

function refusalOf({ status }: CaseFile, code: string, message: string): Refusal {
  return { code, message, status, allowed: allowedCommands(status) };
}

function refuse(file: CaseFile, code: string, message: string): CaseRuling {
  return { type: 'refused', refusal: refusalOf(file, code, message) };
}
