import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StormEvidence } from '../evidence-types.ts';
import { FINDING_KINDS, type Finding } from './finding.ts';
import { check, countByKind } from './index.ts';
import { FATES, type Fate, soundRun } from './model.ts';
import { type Loose, loosened, type Mutation } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';

function judged(
  evidence: StormEvidence,
  mutate: (evidence: Loose) => void = () => undefined,
): readonly Finding[] {
  const copy = loosened(evidence);
  mutate(copy);
  return check(copy as unknown as StormEvidence);
}

describe('a sound run', () => {
  it.each(FATES)('of a payment that was %s is found sound', (fate) => {
    expect(judged(soundRun([fate]))).toEqual([]);
  });

  it('of any payments is found sound', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 12 }), (fates) => {
        expect(judged(soundRun(fates))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a broken run', () => {
  const alone = (mutation: Mutation) => judged(soundRun([mutation.needs]), mutation.apply);

  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation.flags, mutation] as const))(
    'with %s is flagged as %s',
    (_name, flags, mutation) => {
      expect(alone(mutation).map(({ invariant }) => invariant)).toContain(flags);
    },
  );

  it('is flagged among any other payments', () => {
    const others = fc.array(fc.constantFrom<Fate>(...FATES), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...MUTATIONS), others, (mutation, fates) => {
        const findings = judged(soundRun([mutation.needs, ...fates]), mutation.apply);
        expect(countByKind(findings)[mutation.flags]).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  });

  it('is thought of for every kind of finding', () => {
    expect([...new Set(MUTATIONS.map(({ flags }) => flags))].sort()).toEqual([...FINDING_KINDS].sort());
  });
});

describe('what explains a difference', () => {
  const parked = (e: Loose, subjectId: unknown) =>
    e.tables.exception.push({
      kind: 'contradiction',
      subject_id: subjectId,
      payment_id: null,
      closed_at: null,
    });

  it('an open exception about the operation explains a capture that is not in the ledger', () => {
    const findings = judged(soundRun(['captured']), (e) => {
      e.tables.ledger_posting = [];
      parked(e, e.tables.operation[1]?.id);
    });
    expect(findings.filter(({ invariant }) => invariant === 'I2')).toEqual([]);
  });

  it('a closed exception, or one about another payment, does not', () => {
    const findings = judged(soundRun(['captured', 'sale']), (e) => {
      e.tables.ledger_posting = e.tables.ledger_posting.slice(2);
      parked(e, e.tables.operation[2]?.id);
      parked(e, e.tables.operation[1]?.id);
      Object.assign(e.tables.exception[1] ?? {}, { closed_at: new Date(0) });
    });
    expect(findings.map(({ invariant }) => invariant)).toContain('I2');
  });

  it('a simulator that was stopped explains a late arrival, and only for as long as it was', () => {
    const late = (stoppedMs: number) =>
      judged(soundRun(['sale']), (e) => {
        const [arrival] = e.journals.stripe;
        const [operation] = e.tables.operation;
        if (arrival === undefined || operation === undefined) throw new Error('a sale has both');
        const atMs = Date.parse(arrival.at);
        operation.send_by = new Date(atMs - 10_000);
        const freeze = { target: 'sandbox-stripe', kind: 'freeze' as const };
        e.disturbances = [{ ...freeze, fromMs: atMs - stoppedMs, toMs: atMs }];
      }).filter(({ invariant }) => invariant === 'I1');
    expect(late(9_000)).toEqual([]);
    expect(late(2_000)).toHaveLength(1);
  });
});
