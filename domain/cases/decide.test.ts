import { describe, expect, it } from 'vitest';
import type { Disposition } from '../reconciliation/terms.ts';
import type { By, CaseCommand, CaseFile } from './case.ts';
import { type CaseFacts, decideCase } from './decide.ts';
import { alice, bob, facts, file, inSuspense } from './fixtures.ts';

const propose = (disposition: Disposition, target?: string): CaseCommand => ({
  type: 'propose',
  disposition,
  ...(target === undefined ? {} : { target }),
});

function must(of: CaseFile, command: CaseCommand, by: By, known: CaseFacts = facts()) {
  const ruling = decideCase(of, command, by, known);
  if (ruling.type === 'refused') throw new Error(JSON.stringify(ruling.refusal));
  return ruling;
}

function codeOf(of: CaseFile, command: CaseCommand, by: By, known: CaseFacts = facts()): string | undefined {
  const ruling = decideCase(of, command, by, known);
  return ruling.type === 'refused' ? ruling.refusal.code : undefined;
}

describe('four eyes', () => {
  const big = file({ amountMinor: 10_001 });

  it('let one person end what is at most the limit, and say who it was', () => {
    const { after } = must(
      file({ amountMinor: 10_000 }),
      { ...propose('accept'), type: 'dispose' } as CaseCommand,
      alice,
    );
    expect(after).toMatchObject({
      status: 'resolved',
      decision: { status: 'carried_out', proposedBy: 'opr_alice', approvedBy: 'opr_alice' },
      resolution: 'accept by opr_alice: seen in the dashboard',
    });
  });

  it('ask for another person above it', () => {
    const dispose = { ...propose('accept'), type: 'dispose' } as CaseCommand;
    expect(codeOf(big, dispose, alice)).toBe('second_operator_required');
    const { after } = must(big, propose('accept'), alice);
    expect(after.status).toBe('proposed');
    expect(codeOf(after, { type: 'approve' }, alice)).toBe('second_operator_required');
    const approved = must(after, { type: 'approve' }, bob);
    expect(approved.after).toMatchObject({
      status: 'resolved',
      resolution: 'accept by opr_bob and opr_alice: seen in the dashboard',
    });
  });

  it('ask for another person where nobody knows how much it is', () => {
    const { amountMinor: _unknown, ...unknown } = big;
    expect(codeOf(must(unknown, propose('accept'), alice).after, { type: 'approve' }, alice)).toBe(
      'second_operator_required',
    );
  });

  it('are not asked for where no money hangs on it', () => {
    const { amountMinor: _none, ...stuck } = file({ kind: 'workflow_stuck' });
    expect(must(stuck, { ...propose('accept'), type: 'dispose' } as CaseCommand, alice).after.status).toBe(
      'resolved',
    );
  });

  it('judge the limit that holds when it is approved', () => {
    const { after } = must(file({ amountMinor: 500 }), propose('accept'), alice);
    const lowered = facts({ limits: { fourEyesMinor: 499, writeOffMinor: 0 } });
    expect(codeOf(after, { type: 'approve' }, alice, lowered)).toBe('second_operator_required');
  });
});

describe('a disposition', () => {
  it('that the kind does not take is refused with those that it does', () => {
    const ruling = decideCase(file({ kind: 'late_success' }), propose('write_off'), alice, facts());
    expect(ruling).toMatchObject({ refusal: { code: 'disposition_not_allowed', allowed: ['accept'] } });
  });

  it.each(['unknown_outcome_parked', 'pending_overdue', 'manual_refund', 'refund_reversed'])(
    'never ends a %s: its payment does',
    (kind) => {
      for (const disposition of ['accept', 'ignore', 'refund', 'write_off'] as const)
        expect(codeOf(file({ kind }), propose(disposition), alice)).toBe('disposition_not_allowed');
    },
  );

  it('to write off is bounded by its limit, by what waits rather than by what was said', () => {
    const at = (amountMinor: number, stake?: number) =>
      codeOf(
        file({ amountMinor }),
        propose('write_off'),
        alice,
        facts(stake === undefined ? {} : { stakes: [inSuspense(stake)] }),
      );
    expect([at(1_000), at(1_001), at(10, -1_001), at(5_000, 1_000)]).toEqual([
      undefined,
      'write_off_limit_exceeded',
      'write_off_limit_exceeded',
      undefined,
    ]);
  });

  it('to ignore leaves no money in suspense', () => {
    const ruling = codeOf(
      file({ kind: 'duplicate_line' }),
      propose('ignore'),
      alice,
      facts({ stakes: [inSuspense(-10)] }),
    );
    expect(ruling).toBe('money_suspended');
    expect(codeOf(file({ kind: 'duplicate_line' }), propose('ignore'), alice)).toBeUndefined();
  });

  it('to accept a late success waits until it has been given back', () => {
    const late = file({ kind: 'late_success' });
    expect(codeOf(late, propose('accept'), alice, facts({ stakes: [inSuspense(-10)] }))).toBe(
      'money_suspended',
    );
    expect(codeOf(late, propose('accept'), alice)).toBeUndefined();
  });

  it.each([
    ['refund', undefined, undefined, 'target_required'],
    ['refund', 'ref_1', { type: 'refund', succeeded: false, paymentId: 'pay_1' }, 'refund_not_made'],
    ['refund', 'ref_1', { type: 'refund', succeeded: true, paymentId: 'pay_2' }, 'target_unknown'],
    ['refund', 'ref_1', { type: 'refund', succeeded: true, paymentId: 'pay_1' }, undefined],
    ['refund', 're_at_the_provider', { type: 'other' }, undefined],
    ['link', 'pay_9', { type: 'other' }, 'target_unknown'],
    ['link', 'pay_9', { type: 'payment', paymentId: 'pay_9' }, undefined],
    ['accept', 'pay_9', { type: 'payment', paymentId: 'pay_9' }, 'target_not_taken'],
  ] as const)('%s of %s is judged by what that is', (disposition, target, known, code) => {
    const told = facts(known === undefined ? {} : { target: known });
    expect(codeOf(file({ kind: 'duplicate_charge' }), propose(disposition, target), alice, told)).toBe(code);
  });

  it('that was possible when it was proposed is judged again when it is approved', () => {
    const { after } = must(file({ kind: 'duplicate_line' }), propose('ignore'), alice);
    expect(codeOf(after, { type: 'approve' }, bob, facts({ stakes: [inSuspense(-10)] }))).toBe(
      'money_suspended',
    );
  });
});

describe('the books', () => {
  const ended = (kind: string, disposition: Disposition, stake: number, target?: string) => {
    const told = facts({
      stakes: [inSuspense(stake)],
      ...(target === undefined
        ? {}
        : {
            target: { type: target.startsWith('pa_') ? 'account' : 'fee_kind', accountId: target } as const,
          }),
    });
    const { after } = must(file({ kind }), propose(disposition, target), alice, told);
    return must(after, { type: 'approve' }, bob, told).ledger;
  };
  const moved = (account: string, amountMinor: number) => [
    {
      currency: 'EUR',
      postings: [
        { account: 'suspense/mer_1', amountMinor: -amountMinor },
        { account, amountMinor },
      ],
    },
  ];

  it('move what waited to where the disposition says it belongs', () => {
    expect(ended('amount_under', 'accept', 10)).toEqual(moved('merchant_payable/mer_1', 10));
    expect(ended('amount_under', 'write_off', 10)).toEqual(moved('fees/other/pa_1', 10));
    expect(ended('amount_under', 'write_off', 1)).toEqual(moved('rounding/pa_1', 1));
    expect(ended('amount_under', 'claim_from_provider', 10)).toEqual(moved('provider_receivable/pa_1', 10));
    expect(ended('wrong_merchant_account', 'remap', -10, 'pa_2')).toEqual(
      moved('provider_receivable/pa_2', -10),
    );
    expect(ended('unexpected_fee_type', 'remap', 3, 'scheme')).toEqual(moved('fees/scheme/pa_1', 3));
    expect(ended('unexpected_fee_type', 'accept', 3)).toEqual(moved('fees/other/pa_1', 3));
  });

  it('do not move while a thing is only proposed, nor where nothing waits', () => {
    expect(must(file(), propose('accept'), alice, facts({ stakes: [inSuspense(10)] })).ledger).toEqual([]);
    const { after } = must(file(), propose('accept'), alice);
    expect(must(after, { type: 'approve' }, bob).ledger).toEqual([]);
  });

  it('do not move for a claim on what the provider owes anyway', () => {
    const owed = facts({
      stakes: [{ account: 'provider_receivable/pa_1', currency: 'EUR', amountMinor: 900 }],
    });
    const { after } = must(
      file({ kind: 'missing_in_file_overdue' }),
      propose('claim_from_provider'),
      alice,
      owed,
    );
    expect(must(after, { type: 'approve' }, bob, owed).ledger).toEqual([]);
  });
});

describe('the rest', () => {
  it('assign needs an operator whose key works, and none takes it away', () => {
    const assign: CaseCommand = { type: 'assign', owner: 'opr_bob' };
    expect(codeOf(file(), assign, alice)).toBe('operator_unknown');
    const { after } = must(file(), assign, alice, facts({ mayOwn: true }));
    expect(after.owner).toBe('opr_bob');
    expect(must(after, { type: 'assign' }, alice).after).not.toHaveProperty('owner');
  });

  it('reject opens the case again, and forgets the proposal', () => {
    const { after } = must(file(), propose('accept'), alice);
    expect(codeOf(after, propose('accept'), bob)).toBe('proposal_pending');
    const rejected = must(after, { type: 'reject' }, alice).after;
    expect(rejected).toMatchObject({ status: 'open' });
    expect(rejected).not.toHaveProperty('decision');
    expect(codeOf(rejected, { type: 'approve' }, bob)).toBe('nothing_proposed');
  });

  it('nothing is said about a resolved case', () => {
    const resolved = file({ status: 'resolved' });
    for (const type of ['comment', 'assign', 'approve', 'reject'] as const)
      expect(codeOf(resolved, { type }, alice)).toBe('case_resolved');
    expect(codeOf(resolved, propose('accept'), alice)).toBe('case_resolved');
  });
});
