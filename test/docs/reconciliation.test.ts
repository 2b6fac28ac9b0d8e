import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apiRoutes } from '../../api/app.ts';
import { reportFrom } from '../../domain/reconciliation/report.ts';
import { renderReport } from '../../domain/reconciliation/report-text.ts';
import { ENTRIES } from '../../domain/reconciliation/table.ts';
import { AUTO_ACTIONS, type AutoAction, type Ending } from '../../domain/reconciliation/terms.ts';
import { REPORT_FACTS } from '../../domain/reconciliation/test-support/fixtures.ts';
import { DEFAULT_POLICY, DEFAULT_TOLERANCES } from '../../domain/reconciliation/tolerance.ts';
import { ROOT, read } from '../tidy/sources.ts';
import { markdownTable, withPrinted } from './printed.ts';

/** The page's tables are the code's. */
const PATH = 'docs/reconciliation.md';
const page = read(PATH);

const ENDS: Readonly<Record<Ending, string>> = {
  nothing: 'counted, no case',
  at_once: 'explained',
  by_itself: 'a case that closes once that explains it',
  by_people: 'a case all the same',
};

function typesTable(): string {
  const rows = ENTRIES.map(([type, entry]) => {
    const rules = entry.auto.map(
      ({ action, when, ending }) =>
        `\`${action}\` ${when.startsWith('always') ? when : `when ${when}`} (${ENDS[ending]})`,
    );
    return [
      String(entry.number),
      `\`${type}\``,
      `**${entry.title}.** ${entry.explanation}`,
      rules.join('; ') || '–',
      `\`${entry.proposed}\``,
      `${entry.slaHours} h, ${entry.team}, ${entry.severity}`,
    ];
  });
  return markdownTable(['#', 'type', 'what', 'by itself', 'else proposed', 'time, team, severity'], rows);
}

const MEANS: Readonly<Record<AutoAction, string>> = {
  wait: 'Nothing; it is counted and looked at again on the next day.',
  ask_provider:
    'The case waits for the provider’s word: what it answers is recorded, and the next run sees it explained.',
  bring_news: 'A letter goes to the payment or refund, whose workflow records what happened.',
  ignore_duplicate: 'Nothing of it is posted.',
  post_within_tolerance: 'Posted as booked, the difference to rounding.',
  match_partial_capture: 'Settled as the payment’s other capture.',
  sum_lines: 'The lines together settle the booking.',
  match_presented: 'What was booked is settled; the currencies are the payer’s choice.',
  post_fx: 'The difference stays in fx, as a gain or loss.',
  post_rounding: 'Posted as booked, the unit to rounding.',
  post_fee_difference: 'The fee is booked as it was charged.',
  allocate_to_batch: 'Booked to the account’s fees.',
  book_dispute: 'Booked to disputes; the payment’s balance counts it.',
  close_dispute: 'Booked against disputes; the payment’s balance counts it.',
  post_reserve: 'Booked to reserves.',
  match_and_flag: 'Settled as any line, and counted in the report.',
  post_bank_fee: 'What the bank kept is booked as a fee.',
  link_payout: 'The bank line becomes the payout’s.',
};

function actionsTable(): string {
  const rows = AUTO_ACTIONS.map((action) => {
    const types = ENTRIES.filter(([, { auto }]) => auto.some((rule) => rule.action === action));
    return [`\`${action}\``, MEANS[action], types.map(([, { number }]) => number).join(', ')];
  });
  return markdownTable(['action', 'means', 'types'], rows);
}

function stopsTable(): string {
  const rows = ENTRIES.flatMap(([type, { stops }]) =>
    stops === undefined ? [] : [[`\`${type}\``, stops.when]],
  );
  return markdownTable(['type', 'when'], rows);
}

function shown(name: string, value: unknown): string {
  if (name.endsWith('Ms')) return `${Number(value) / 86_400_000} days`;
  return name.endsWith('Bps') ? `${value} basis points` : JSON.stringify(value);
}

function policyTable(): string {
  const { tolerances: _rules, ...rest } = DEFAULT_POLICY;
  const rows = [
    ...Object.entries(rest).map(([name, value]) => [`\`${name}\``, shown(name, value)]),
    ...Object.entries(DEFAULT_TOLERANCES).map(([name, value]) => [
      `\`tolerances[].${name}\``,
      shown(name, value),
    ]),
  ];
  return markdownTable(['setting', 'default'], rows);
}

describe('the page', () => {
  it('is printed from the code', async () => {
    const printed = [
      ['TABLE', typesTable()],
      ['AUTO_ACTIONS', actionsTable()],
      ['STOPS', stopsTable()],
      ['DEFAULT_POLICY', policyTable()],
      ['a report', ['```text', renderReport(reportFrom(REPORT_FACTS)), '```'].join('\n')],
    ].reduce((text, [from = '', block = '']) => withPrinted(text, from, block), page);
    const hint = `\`npx vitest run test/docs/reconciliation.test.ts -u\` prints it anew in ${PATH}`;
    await expect(printed, hint).toMatchFileSnapshot(join(ROOT, PATH));
  });

  it('has a line for each of the 30 types', () => {
    const named = [...typesTable().matchAll(/^\| (\d+) \| `([A-Z_]+)` \|/gm)].map(([, number]) =>
      Number(number),
    );
    expect(named).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
  });

  it('has each action that some type uses, and no other', () => {
    const used = new Set(ENTRIES.flatMap(([, { auto }]) => auto.map(({ action }) => action)));
    expect([...used].toSorted()).toEqual([...AUTO_ACTIONS].toSorted());
  });

  it('names routes that there are', () => {
    const routes = new Set(apiRoutes().map(({ method, path }) => `${method.toUpperCase()} ${path}`));
    const named = [...page.matchAll(/`(GET|POST) (\/v1\/[^`?]+)`/g)].map(([, ...words]) => words.join(' '));
    expect(named).toHaveLength(2);
    expect(named.filter((each) => !routes.has(each))).toEqual([]);
  });

  it('wants a place for what is printed', () => {
    expect(() => withPrinted('# A page', 'TABLE', 'x')).toThrow('no place for TABLE');
  });
});
