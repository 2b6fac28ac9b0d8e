import { isSecondPerson, type Makers } from '../access/two-people.ts';
import { canMove, type Edges } from '../machine.ts';

/** What becomes of one version of a routing policy. Its document never changes; what changes is what it is for. */
export type PolicyStatus =
  /** Read, and not yet held against the merchant's accounts. */
  | 'draft'
  /** Fit to be used, and used for nothing. */
  | 'validated'
  /** Evaluated beside the one that decides; its answers are counted and not followed. */
  | 'shadow'
  /** Decides a percentage of payments. */
  | 'canary'
  | 'active'
  | 'archived';

export const POLICY_EDGES: Edges<PolicyStatus> = {
  draft: ['validated', 'archived'],
  // Shadow and canary may be skipped.
  validated: ['shadow', 'canary', 'active', 'archived'],
  // Back to `validated` by a merchant who thinks it over, or because another version took the place.
  shadow: ['validated', 'canary', 'active', 'archived'],
  canary: ['validated', 'shadow', 'active', 'archived'],
  // Only when another takes its place: a merchant is never without one again.
  active: ['archived'],
  // Only by a roll-back, and only what was active once.
  archived: ['active'],
};

export const POLICY_STATUSES = Object.keys(POLICY_EDGES) as readonly PolicyStatus[];

/** What somebody wants of one version. Roll-backs choose their version themselves: `rollBackTo`. */
export type PolicyCommand =
  | { readonly type: 'validate' | 'shadow' | 'promote' | 'withdraw' | 'archive' | 'reject' }
  | { readonly type: 'canary'; readonly percent: number }
  /** Asks a second person whether it may be an experiment's treatment; it moves nothing. */
  | { readonly type: 'experiment'; readonly percent: number }
  | Approval;

/** Carries what its sender saw, so that nothing else that is proposed meanwhile is approved instead. */
export interface Approval {
  readonly type: 'approve';
  readonly to: Proposal['to'];
  readonly percent?: number;
}

/** A move that decides payments, until a second person has approved it. */
export interface Proposal {
  readonly to: 'canary' | 'active' | 'experiment';
  readonly percent?: number;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface PolicyStanding {
  readonly status: PolicyStatus;
  readonly author: string;
  readonly canaryPercent?: number;
  readonly proposal?: Proposal;
}

export interface CommandContext {
  readonly actor: string;
  /** Who made the key that acts, and those of whoever had a hand in the version. */
  readonly makers: Makers;
  readonly reason: string;
  readonly atMs: number;
  /** The merchant wants two people for whatever decides payments. */
  readonly needsApproval: boolean;
  /** Nothing else may begin to decide while an experiment runs, and what it tries has to stay. */
  readonly experiment: 'none' | 'of_others' | 'of_this';
}

export type PolicyVerdict =
  | {
      readonly type: 'move';
      readonly to: PolicyStatus;
      readonly percent?: number;
      /** Approved: who had proposed it. */
      readonly proposedBy?: string;
    }
  | { readonly type: 'propose'; readonly proposal: Proposal }
  | { readonly type: 'reject'; readonly proposal: Proposal }
  /** Approved to be tried: it stands where it stood, and an experiment may begin. */
  | { readonly type: 'consent'; readonly proposal: Proposal }
  | PolicyRefusal;

export interface PolicyRefusal {
  readonly type: 'refused';
  readonly code: PolicyRefusalCode;
  readonly message: string;
  readonly status: PolicyStatus;
  /** What may be done now instead. */
  readonly allowed: readonly PolicyCommand['type'][];
}

export type PolicyRefusalCode =
  | 'policy_not_movable'
  | 'nothing_proposed'
  | 'proposal_changed'
  | 'approval_not_needed'
  | 'second_person_required'
  | 'experiment_running';

const TARGETS = {
  validate: 'validated',
  shadow: 'shadow',
  canary: 'canary',
  promote: 'active',
  withdraw: 'validated',
  archive: 'archived',
} as const satisfies Record<
  Exclude<PolicyCommand['type'], 'approve' | 'reject' | 'experiment'>,
  PolicyStatus
>;

/** What follows from a command: a move, a proposal that waits for a second person, or why not. */
export function decideCommand(
  standing: PolicyStanding,
  command: PolicyCommand,
  context: CommandContext,
): PolicyVerdict {
  if (command.type === 'approve' || command.type === 'reject')
    return answerProposal(standing, command.type === 'approve' ? command : { type: 'reject' }, context);
  if (!mayBeTold(standing, command))
    return refused(standing, 'policy_not_movable', whyNot(standing, command.type));
  if (command.type === 'experiment') return askToTry(standing, command.percent, context);
  const to = TARGETS[command.type];
  const decides = to === 'canary' || to === 'active';
  const isHeld = decides
    ? context.experiment !== 'none'
    : (to === 'archived' || to === 'shadow') && context.experiment === 'of_this';
  if (isHeld) return experimentRuns(standing);
  if (!decides) return { type: 'move', to };
  const percent = command.type === 'canary' ? { percent: command.percent } : {};
  if (!context.needsApproval) return { type: 'move', to, ...percent };
  const { actor: by, reason, atMs } = context;
  return { type: 'propose', proposal: { to, ...percent, by, reason, atMs } };
}

/** Where one person is enough, an experiment is begun without asking (db/settings/routing/experiments.ts). */
function askToTry(
  standing: PolicyStanding,
  percent: number,
  { actor: by, reason, atMs, needsApproval, experiment }: CommandContext,
): PolicyVerdict {
  if (!needsApproval)
    return refused(standing, 'approval_not_needed', 'Nobody has to approve it: begin the experiment.');
  if (experiment !== 'none') return experimentRuns(standing);
  return { type: 'propose', proposal: { to: 'experiment', percent, by, reason, atMs } };
}

function answerProposal(
  standing: PolicyStanding,
  answer: Approval | { readonly type: 'reject' },
  { actor, makers, experiment }: CommandContext,
): PolicyVerdict {
  const { proposal, author } = standing;
  if (proposal === undefined)
    return refused(standing, 'nothing_proposed', 'Nothing is proposed for this version.');
  // To say no, or to take back one's own, needs nobody else.
  if (answer.type === 'reject') return { type: 'reject', proposal };
  if (!isSecondPerson(actor, [author, proposal.by], makers))
    return refused(
      standing,
      'second_person_required',
      'Who wrote or proposed it cannot approve it, by no key that they made either, and two keys of one maker are one person. Somebody else has to.',
    );
  const { to, percent, by } = proposal;
  if (answer.to !== to || answer.percent !== percent)
    return refused(
      standing,
      'proposal_changed',
      `Something else is proposed by now: ${to}${percent === undefined ? '' : ` with ${percent} %`}. Read it, and approve that.`,
    );
  if (experiment !== 'none') return experimentRuns(standing);
  if (to === 'experiment') return { type: 'consent', proposal };
  return { type: 'move', to, proposedBy: by, ...(percent === undefined ? {} : { percent }) };
}

/** A canary's percentage may be changed where it stands; everything else is a move along the table. */
function mayBeTold(
  standing: PolicyStanding,
  command: { readonly type: PolicyCommand['type']; readonly percent?: number },
): boolean {
  const { status, canaryPercent } = standing;
  switch (command.type) {
    case 'approve':
    case 'reject':
      return standing.proposal !== undefined;
    case 'canary':
      return status === 'canary'
        ? command.percent !== canaryPercent
        : canMove(POLICY_EDGES, status, 'canary');
    case 'withdraw':
      return status === 'shadow' || status === 'canary';
    case 'validate':
      return status === 'draft';
    case 'experiment':
      return status === 'validated';
    // Out of the archive only by a roll-back; and what decides goes there only when another takes its place.
    case 'promote':
      return status !== 'archived' && status !== 'active' && POLICY_EDGES[status].includes('active');
    case 'archive':
      return status !== 'active' && POLICY_EDGES[status].includes('archived');
    case 'shadow':
      return POLICY_EDGES[status].includes('shadow');
  }
}

const COMMANDS = [
  'validate',
  'shadow',
  'canary',
  'promote',
  'withdraw',
  'archive',
  'experiment',
  'approve',
  'reject',
] as const;

/** What may be asked of a version as it stands. */
export function allowedCommands(standing: PolicyStanding): readonly PolicyCommand['type'][] {
  return COMMANDS.filter((type) => mayBeTold(standing, { type }));
}

function refused(standing: PolicyStanding, code: PolicyRefusalCode, message: string): PolicyRefusal {
  return { type: 'refused', code, message, status: standing.status, allowed: allowedCommands(standing) };
}

function experimentRuns(standing: PolicyStanding): PolicyRefusal {
  const message = 'An experiment runs between two versions. Stop it first.';
  return refused(standing, 'experiment_running', message);
}

const WHY_NOT: Partial<Record<PolicyStatus, string>> = {
  draft: 'It is a draft: validate it first.',
  active: 'It decides already. Promote another version, or roll back, and it is archived.',
  archived: 'It is archived. Roll back to it if it was active once, or save its text as a new version.',
};

function whyNot({ status, canaryPercent }: PolicyStanding, command: PolicyCommand['type']): string {
  if (command === 'canary' && status === 'canary') return `It decides ${canaryPercent ?? 0} % already.`;
  return WHY_NOT[status] ?? `A version that is ${status} cannot be told to ${command}.`;
}

/** What takes the place of whoever had it: at most one version is each of these. */
export const DISPLACED: Partial<Record<PolicyStatus, PolicyStatus>> = {
  active: 'archived',
  canary: 'validated',
  shadow: 'validated',
};

/** One version became active, or an earlier one came back. */
export interface Activation {
  readonly version: number;
  readonly isRollBack: boolean;
}

/**
 * Which version a roll-back brings back: the one that was active before the active one was. What was rolled back from
 * is forgotten, so that a second roll-back goes further back instead of forth.
 */
export function rollBackTo(activations: readonly Activation[]): number | undefined {
  const stack: number[] = [];
  for (const { version, isRollBack } of activations) {
    const at = stack.lastIndexOf(version);
    if (isRollBack && at !== -1) stack.length = at + 1;
    else stack.push(version);
  }
  return stack.at(-2);
}
