import type { Edges } from '../machine.ts';

/**
 * Where a case can stand. `resolved` has a way out: the same thing may be seen again, and then the same case is open
 * again with a clock of its own. Escalations are levels beside this, see clock.ts.
 */
export type CaseStatus = 'open' | 'proposed' | 'resolved';

export const CASE_EDGES: Edges<CaseStatus> = {
  open: ['proposed', 'resolved'],
  proposed: ['open', 'resolved'],
  resolved: ['open'],
};

export const CASE_STATUSES = Object.keys(CASE_EDGES) as readonly CaseStatus[];

/** What people may tell a case. */
export const CASE_COMMANDS = ['assign', 'comment', 'propose', 'approve', 'reject', 'dispose'] as const;
export type CaseCommandName = (typeof CASE_COMMANDS)[number];

/** Which command a case takes where it stands, and where it leads. Exhaustive: what is not here is refused. */
export const CASE_MOVES: {
  readonly [From in CaseStatus]: { readonly [Command in CaseCommandName]?: CaseStatus };
} = {
  open: { assign: 'open', comment: 'open', propose: 'proposed', dispose: 'resolved' },
  proposed: { assign: 'proposed', comment: 'proposed', approve: 'resolved', reject: 'open' },
  resolved: {},
};

export function allowedCommands(status: CaseStatus): readonly CaseCommandName[] {
  return CASE_COMMANDS.filter((command) => CASE_MOVES[status][command] !== undefined);
}
