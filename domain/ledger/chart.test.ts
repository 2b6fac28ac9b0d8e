import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FEE_KINDS } from '../reconciliation/row.ts';
import * as chart from './chart.ts';
import {
  ACCOUNT_KINDS,
  type Account,
  accountsOf,
  beginsWith,
  CHART,
  isAccountPrefix,
  parseAccount,
  printAccount,
} from './chart.ts';

const holder = fc.string({ minLength: 1, maxLength: 20 });
const account: fc.Arbitrary<Account> = fc.oneof(
  fc.record({ kind: fc.constant('fees' as const), feeKind: fc.constantFrom(...FEE_KINDS), holder }),
  fc.record({ kind: fc.constantFrom(...ACCOUNT_KINDS.filter((kind) => kind !== 'fees')), holder }),
);

describe('an account', () => {
  it('is read back as it was written, slashes in its holder too', () => {
    fc.assert(
      fc.property(account, (each) => {
        expect(parseAccount(printAccount(each))).toEqual(each);
      }),
    );
  });

  it('has one spelling: what can be read is written so again', () => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom(...ACCOUNT_KINDS), fc.string()).map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(text, (each) => {
        const read = parseAccount(each);
        if (read !== undefined) expect(printAccount(read)).toBe(each);
      }),
    );
  });

  it.each([
    '',
    'bank',
    'bank/',
    '/bank',
    'Bank/m',
    'cash/m',
    'fees/acc',
    'fees/tips/acc',
    'fees/tax/',
    'toString/m',
  ])('is not %j', (text) => {
    expect(parseAccount(text)).toBeUndefined();
  });

  it('of each kind has a function that names it', () => {
    const named = ACCOUNT_KINDS.map((kind) => {
      if (kind === 'fees') return chart.fees('tax', 'x');
      const camel = kind.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
      return (chart as unknown as Record<string, (holder: string) => string>)[camel]?.('x');
    });
    expect(named).toEqual(ACCOUNT_KINDS.map((kind) => (kind === 'fees' ? 'fees/tax/x' : `${kind}/x`)));
  });
});

describe('the beginning of an account', () => {
  it('is any of its accounts up to a slash, and no half word', () => {
    fc.assert(
      fc.property(account, (each) => {
        const text = printAccount(each);
        expect([text, each.kind, `${each.kind}/`].every(isAccountPrefix)).toBe(true);
        expect([text, each.kind, `${each.kind}/`].every((prefix) => beginsWith(text, prefix))).toBe(true);
      }),
    );
    expect(['ban', '', 'fees/ta', 'x/bank'].filter(isAccountPrefix)).toEqual([]);
    expect(beginsWith('bank_in_transit/a', 'bank')).toBe(false);
    expect(beginsWith('bank/ab', 'bank/a')).toBe(false);
    expect(beginsWith('fees/tax/a', 'fees/tax')).toBe(true);
  });
});

it('a merchant has every kind, of itself or of each of its provider accounts, once', () => {
  const accounts = accountsOf('m', ['a', 'b']);
  expect(new Set(accounts).size).toBe(accounts.length);
  const parsed = accounts.map(parseAccount);
  for (const each of parsed) {
    const holders = each === undefined ? [] : CHART[each.kind].holder === 'merchant' ? ['m'] : ['a', 'b'];
    expect(holders).toContain(each?.holder);
  }
  expect(new Set(parsed.map((each) => each?.kind))).toEqual(new Set(ACCOUNT_KINDS));
  expect(accounts.filter((each) => beginsWith(each, 'fees'))).toHaveLength(2 * FEE_KINDS.length);
});
