import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAccount } from '../ledger/chart.ts';
import { canMove } from '../machine.ts';
import { MISMATCH_TYPES } from '../reconciliation/names.ts';
import { DISPOSITIONS } from '../reconciliation/terms.ts';
import type { CaseCommand, CaseFile } from './case.ts';
import { ESCALATIONS, levelAt, nextEscalation, slaMsOf } from './clock.ts';
import { type CaseFacts, decideCase, decideEscalation } from './decide.ts';
import { DISPOSITION_ENTRIES } from './dispositions.ts';
import { file, NOW } from './fixtures.ts';
import { CASE_KINDS, type CaseKind, kindEntry } from './kinds.ts';
import { limitsFor, needsTwo } from './limits.ts';
import { CASE_COMMANDS, CASE_EDGES, CASE_MOVES, CASE_STATUSES } from './states.ts';

const KINDS = Object.keys(CASE_KINDS) as CaseKind[];
const operators = fc.constantFrom('opr_alice', 'opr_bob', 'opr_carol');
const target = fc.option(fc.constantFrom('pa_2', 'scheme', 'pay_1', 'ref_1', 'po_1', 'ticket 7'), {
  nil: undefined,
});
const command: fc.Arbitrary<CaseCommand> = fc.oneof(
  fc.constantFrom<CaseCommand>(
    { type: 'comment' },
    { type: 'approve' },
    { type: 'reject' },
    { type: 'assign' },
  ),
  fc.record({ type: fc.constant('assign' as const), owner: operators }),
  fc
    .record({
      type: fc.constantFrom('propose' as const, 'dispose' as const),
      disposition: fc.constantFrom(...DISPOSITIONS),
      target,
    })
    .map(({ target: named, ...rest }) => (named === undefined ? rest : { ...rest, target: named })),
);
const stake = fc.record({
  account: fc.constantFrom(
    'suspense/mer_1',
    'provider_receivable/pa_1',
    'bank_in_transit/pa_1',
    'disputes/pa_1',
  ),
  currency: fc.constant('EUR'),
  amountMinor: fc.integer({ min: -20_000, max: 20_000 }),
});
const known: fc.Arbitrary<CaseFacts> = fc.record({
  limits: fc.record({ fourEyesMinor: fc.nat(20_000), writeOffMinor: fc.nat(2_000) }),
  stakes: fc.array(stake, { maxLength: 2 }),
  mayOwn: fc.boolean(),
  target: fc.constantFrom<NonNullable<CaseFacts['target']>>(
    { type: 'account', accountId: 'pa_2' },
    { type: 'fee_kind' },
    { type: 'payment', paymentId: 'pay_1' },
    { type: 'refund', paymentId: 'pay_1', succeeded: true },
    { type: 'payout', accountId: 'pa_1' },
    { type: 'other' },
  ),
});
const step = fc.record({ command, operator: operators, facts: known });
const steps = fc.array(step, { maxLength: 12 });
const begun = fc
  .record({ kind: fc.constantFrom(...KINDS), amountMinor: fc.option(fc.nat(30_000), { nil: undefined }) })
  .map(({ kind, amountMinor }) => {
    const { amountMinor: _fixed, ...rest } = file({ kind });
    return amountMinor === undefined ? rest : { ...rest, amountMinor };
  });

describe('whatever people say, in whatever order', () => {
  it('a case moves along its edges only, and what is refused changes nothing', () => {
    fc.assert(
      fc.property(begun, steps, (first, said) => {
        let current: CaseFile = first;
        for (const { command: told, operator, facts } of said) {
          const ruling = decideCase(current, told, { operator, reason: 'because', atMs: NOW }, facts);
          if (ruling.type === 'refused') {
            expect(ruling.refusal.message).not.toBe('');
            continue;
          }
          expect(canMove(CASE_EDGES, current.status, ruling.after.status)).toBe(true);
          expect(CASE_MOVES[current.status][told.type]).toBe(ruling.after.status);
          current = ruling.after;
        }
      }),
    );
  });

  it('what is above the limit is ended by two, and by a disposition of its kind', () => {
    fc.assert(
      fc.property(begun, steps, (first, said) => {
        let current: CaseFile = first;
        for (const { command: told, operator, facts } of said) {
          const ruling = decideCase(current, told, { operator, reason: 'because', atMs: NOW }, facts);
          if (ruling.type === 'refused') continue;
          current = ruling.after;
          if (current.status !== 'resolved') continue;
          const { decision } = current;
          expect(kindEntry(current.kind).dispositions).toContain(decision?.type);
          if (needsTwo(current, facts.limits)) expect(decision?.approvedBy).not.toBe(decision?.proposedBy);
          return;
        }
      }),
    );
  });

  it('the books move only as a case ends, balance in each currency, and name accounts of the chart', () => {
    fc.assert(
      fc.property(begun, steps, (first, said) => {
        let current: CaseFile = first;
        for (const { command: told, operator, facts } of said) {
          const ruling = decideCase(current, told, { operator, reason: 'because', atMs: NOW }, facts);
          if (ruling.type === 'refused') continue;
          current = ruling.after;
          if (current.status !== 'resolved') expect(ruling.ledger).toEqual([]);
          for (const { postings } of ruling.ledger) {
            expect(postings.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(0);
            for (const { account, amountMinor } of postings) {
              expect(parseAccount(account)).toBeDefined();
              expect(amountMinor).not.toBe(0);
            }
          }
        }
      }),
    );
  });
});

describe('the tables', () => {
  it('know every mismatch, and nothing that no kind has', () => {
    for (const type of MISMATCH_TYPES) expect(KINDS).toContain(type.toLowerCase());
    expect(kindEntry('of_another_release')).toMatchObject({ money: true, team: 'operations' });
  });

  it.each(KINDS)('%s has an owner, a time and dispositions that it may propose', (kind) => {
    const { slaHours, title, advice, proposed, dispositions } = CASE_KINDS[kind];
    expect(slaHours).toBeGreaterThan(0);
    expect([title, advice]).not.toContain('');
    expect(new Set(dispositions).size).toBe(dispositions.length);
    if (proposed !== undefined) expect(dispositions).toContain(proposed);
    for (const each of dispositions) expect(Object.keys(DISPOSITION_ENTRIES)).toContain(each);
  });

  it('lead, by each command, along an edge', () => {
    for (const from of CASE_STATUSES)
      for (const name of CASE_COMMANDS)
        expect(canMove(CASE_EDGES, from, CASE_MOVES[from][name] ?? from)).toBe(true);
  });
});

describe('the clock', () => {
  it('tells each level once, at 50 %, 100 % and 200 % of the time, and no other', () => {
    const one = file();
    let current = one;
    const heard: number[] = [];
    for (let next = nextEscalation(current); next !== undefined; next = nextEscalation(current)) {
      expect(decideEscalation(current, next.atMs - 1)).toBeUndefined();
      heard.push((next.atMs - NOW) / one.slaMs);
      current = decideEscalation(current, next.atMs)?.after ?? current;
    }
    expect(heard).toEqual(ESCALATIONS.map(({ share }) => share));
    expect(current.escalations).toBe(3);
    expect(decideEscalation(current, Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  it('of a case that is found late tells the level that has come, and by its timer whatever this clock says', () => {
    const one = file();
    const late = NOW + 3 * one.slaMs;
    expect([levelAt(one, late), decideEscalation(one, late)?.after.escalations]).toEqual([3, 3]);
    expect(decideEscalation(one, NOW, 1)?.after.escalations).toBe(1);
    expect(decideEscalation({ ...one, status: 'resolved' }, late)).toBeUndefined();
  });

  it('is scaled, and never stands still', () => {
    expect([slaMsOf(24, 1), slaMsOf(24, 0.005), slaMsOf(1, 1e-12)]).toEqual([86_400_000, 432_000, 1]);
  });
});

describe('limits', () => {
  it('are the platform’s, in the units of the currency, unless the merchant has set one', () => {
    const own = { four_eyes: { EUR: 5 }, write_off: {} };
    expect(limitsFor('EUR', own)).toEqual({ fourEyesMinor: 5, writeOffMinor: 1_000 });
    expect(limitsFor('JPY', own)).toEqual({ fourEyesMinor: 10_000, writeOffMinor: 1_000 });
    expect(limitsFor('KWD', own)).toEqual({ fourEyesMinor: 100_000, writeOffMinor: 10_000 });
  });
});
