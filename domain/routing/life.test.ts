import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Activation,
  allowedCommands,
  type CommandContext,
  decideCommand,
  POLICY_EDGES,
  POLICY_STATUSES,
  type PolicyCommand,
  type PolicyStanding,
  rollBackTo,
} from './life.ts';

const people = fc.constantFrom('key:author', 'key:proposer', 'key:other', 'operator:opr_alice');
const targets = fc.oneof(
  fc.record({ to: fc.constant('canary' as const), percent: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ to: fc.constant('active' as const) }),
);
const commands: fc.Arbitrary<PolicyCommand> = fc.oneof(
  fc.record({
    type: fc.constantFrom(
      'validate' as const,
      'shadow' as const,
      'promote' as const,
      'withdraw' as const,
      'archive' as const,
      'reject' as const,
    ),
  }),
  fc.record({ type: fc.constant('canary' as const), percent: fc.integer({ min: 1, max: 99 }) }),
  // Few percentages, so that an approval often is of what is proposed.
  fc
    .tuple(fc.constant({ type: 'approve' as const }), targets)
    .map(([type, target]) => ({ ...type, ...target })),
);
const proposals = fc
  .tuple(targets, fc.record({ by: people, reason: fc.constant('because'), atMs: fc.constant(1) }))
  .map(([target, who]) => ({ ...target, ...who }));
const standings: fc.Arbitrary<PolicyStanding> = fc
  .record(
    { status: fc.constantFrom(...POLICY_STATUSES), author: people, proposal: proposals },
    { requiredKeys: ['status', 'author'] },
  )
  .map((standing) => (standing.status === 'canary' ? { ...standing, canaryPercent: 10 } : standing))
  // A proposal is gone with any move, so these two never have one.
  .filter(
    ({ status, proposal }) => proposal === undefined || !['draft', 'active', 'archived'].includes(status),
  );
/** The other key may be of the operator's making, or of the author's maker. */
const makers = fc.constantFrom(
  new Map<string, string>(),
  new Map([['key:other', 'operator:opr_alice']]),
  new Map([
    ['key:other', 'operator:opr_alice'],
    ['key:author', 'operator:opr_alice'],
  ]),
);
const contexts: fc.Arbitrary<CommandContext> = fc.record({
  actor: people,
  makers,
  reason: fc.constant('because'),
  atMs: fc.constant(2),
  needsApproval: fc.boolean(),
  experiment: fc.constantFrom('none', 'of_others', 'of_this'),
});

describe('a command about a policy', () => {
  it('moves along listed edges only, or changes a canary’s percentage', () => {
    fc.assert(
      fc.property(standings, commands, contexts, (standing, command, context) => {
        const verdict = decideCommand(standing, command, context);
        if (verdict.type !== 'move') return;
        const changesShare = standing.status === 'canary' && verdict.to === 'canary';
        expect(changesShare || POLICY_EDGES[standing.status].includes(verdict.to)).toBe(true);
        expect(verdict.to === 'canary').toBe(verdict.percent !== undefined);
      }),
    );
  });

  it('lets nobody alone decide payments where the merchant wants two', () => {
    fc.assert(
      fc.property(standings, commands, contexts, (standing, command, context) => {
        const verdict = decideCommand(standing, command, { ...context, needsApproval: true });
        if (verdict.type !== 'move' || !['canary', 'active'].includes(verdict.to)) return;
        expect(verdict.proposedBy).toBe(standing.proposal?.by);
        const behind = (actor = '') => context.makers.get(actor) ?? actor;
        expect([behind(standing.author), behind(verdict.proposedBy)]).not.toContain(behind(context.actor));
      }),
    );
  });

  it('approves exactly what is proposed', () => {
    fc.assert(
      fc.property(standings, commands, contexts, (standing, command, context) => {
        const verdict = decideCommand(standing, command, context);
        if (command.type !== 'approve' || verdict.type === 'refused') return;
        const { to, percent } = command;
        expect(standing.proposal).toMatchObject({ to, ...(percent === undefined ? {} : { percent }) });
        expect(verdict).toMatchObject({ type: 'move', to });
      }),
    );
  });

  it('moves nothing that decides, and puts nothing away that is tried, while an experiment runs', () => {
    fc.assert(
      fc.property(standings, commands, contexts, (standing, command, context) => {
        const verdict = decideCommand(standing, command, { ...context, experiment: 'of_this' });
        if (verdict.type === 'move')
          expect(['shadow', 'canary', 'active', 'archived']).not.toContain(verdict.to);
        expect(verdict.type).not.toBe('propose');
      }),
    );
  });

  it('is refused exactly where it is not among what is allowed, or by who and when', () => {
    fc.assert(
      fc.property(standings, commands, contexts, (standing, command, context) => {
        const verdict = decideCommand(standing, command, context);
        const allowed = allowedCommands(standing).includes(command.type);
        if (verdict.type !== 'refused') expect(allowed).toBe(true);
        else if (
          ['policy_not_movable', 'nothing_proposed'].includes(verdict.code) &&
          command.type !== 'canary'
        )
          expect(allowed).toBe(false);
      }),
    );
  });

  it.each([
    ['draft', 'promote', 'validate it first'],
    ['active', 'archive', 'Promote another'],
    ['archived', 'promote', 'Roll back'],
    ['validated', 'withdraw', 'cannot be told to withdraw'],
  ] as const)('says of a %s why it cannot be told to %s', (status, type, words) => {
    const context: CommandContext = {
      actor: 'key:a',
      makers: new Map(),
      reason: 'because',
      atMs: 1,
      needsApproval: false,
      experiment: 'none',
    };
    const verdict = decideCommand({ status, author: 'key:a' }, { type }, context);
    expect(verdict).toMatchObject({ type: 'refused', message: expect.stringContaining(words) });
  });
});

describe('a roll-back', () => {
  const after = (text: string): number | undefined =>
    rollBackTo(
      text
        .split(' ')
        .map((word): Activation => ({ version: Number.parseInt(word, 10), isRollBack: word.endsWith('r') })),
    );

  it.each([
    ['1', undefined],
    ['1 2', 1],
    ['1 2 3', 2],
    ['1 2 3 2r', 1],
    ['1 2 3 2r 1r', undefined],
    ['1 2 1r 4', 1],
    ['1 2 3 1r', undefined],
    ['1 2 1', 2],
  ])('after %s goes to %s', (activations, version) => {
    expect(after(activations)).toBe(version);
  });
});
