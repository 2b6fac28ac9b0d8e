import { type AlarmVerdict, tallyAlarms } from './alarms.ts';
import { countByKind as countFindings, type Finding, type FindingKind } from './checker/index.ts';
import type { FaultLine } from './evidence-types.ts';
import type { Figure } from './figures.ts';
import type { StormOptions } from './options.ts';
import type { StormResult } from './run-storm.ts';

/** A storm's result for people, and its last line for programs. */
export const INVARIANTS: Readonly<Record<FindingKind, string>> = {
  I1: 'charged once',
  I2: 'no charge lost',
  I3: 'no phantom success',
  I4: 'no overlap of attempts',
  I5: 'the ledger balances',
  I6: 'states move on listed edges',
  I7: 'the audit chain is whole',
  I8: 'told is durable',
  I9: 'everything comes to rest',
  I10: 'every history replays',
  S1: 'secrets end in time',
  S2: 'forged webhooks do nothing',
  S3: 'webhooks count once',
  S4: 'no charge past a challenge',
  S5: 'every event reaches every endpoint',
  S6: 'events come in order, without a gap',
  S7: 'one event, one body, rightly signed',
};
const SHOWN = 12;

export interface Report {
  readonly options: StormOptions;
  readonly result: StormResult;
  readonly violations: readonly Finding[];
  readonly figures: readonly Figure[];
  readonly alarms: AlarmVerdict;
  readonly elapsedMs: number;
}

export function countByKind(faults: readonly FaultLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of faults) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

export function renderReport({ result, violations, figures, alarms }: Report): string {
  const { evidence } = result;
  const byWhat = new Map<string, number>();
  for (const { kind, what, target } of evidence.faults) {
    const name = `${kind}  ${what}${kind === 'reset' ? '' : `  ${target}`}`;
    byWhat.set(name, (byWhat.get(name) ?? 0) + 1);
  }
  const faults = [...byWhat].sort().map(([name, count]) => [String(count), name]);
  const invariants = Object.entries(INVARIANTS).map(([name, what]) => {
    const broken = violations.filter(({ invariant }) => invariant === name).length;
    return [broken === 0 ? '✓' : '✗', name, what, broken === 0 ? '' : `${broken} violations`];
  });
  const measured = figures.map(({ name, value, unit, goal, met }) => [
    met === undefined ? '' : met ? '✓' : '✗',
    name,
    `${value}${unit === '' ? '' : ` ${unit}`}`,
    goal === undefined ? '' : `goal ${goal}`,
  ]);
  const shown = violations
    .slice(0, SHOWN)
    .map(({ invariant, subject, what }) => `  ${invariant} ${subject}: ${what}`);
  const more = violations.length - shown.length;
  return [
    `Faults (${evidence.faults.length}), network faults by ${evidence.settings.proxy === 'own' ? "the storm's own proxy" : evidence.settings.proxy}:`,
    columns(faults),
    '',
    columns(invariants),
    '',
    columns(measured),
    '',
    'Alarms that fired:',
    columns(alarmRows(alarms)),
    ...(shown.length === 0 ? [] : ['', 'Violations:', ...shown]),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

function alarmRows({ fired, unexplained, missing }: AlarmVerdict): string[][] {
  const wolf = tallyAlarms(unexplained);
  return [
    ...Object.entries(tallyAlarms(fired)).map(([name, count]) => [
      wolf[name] === undefined ? '✓' : '✗',
      String(count),
      name,
      wolf[name] === undefined ? '' : `${wolf[name]} without a fault that explains it`,
    ]),
    ...missing.map((name) => ['✗', '0', name, 'a fault that has to raise it did not']),
  ];
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths =
    rows[0]?.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

export function lastLine({ options, result, violations, figures, alarms, elapsedMs }: Report): string {
  const { evidence } = result;
  return JSON.stringify({
    seed: options.seed,
    payments: options.payments,
    faults: countByKind(evidence.faults),
    violations: countFindings(violations),
    alarms: {
      fired: tallyAlarms(alarms.fired),
      unexplained: alarms.unexplained,
      missing: alarms.missing,
    },
    made: evidence.tables.payment.length,
    refunds: evidence.tables.refund.length,
    statuses: tally(evidence.tables.payment.map((row) => String(row.status))),
    authentications: tally(authenticationsOf(evidence)),
    deliveries: evidence.deliveries.length,
    exceptions: tally(evidence.tables.exception.map((row) => String(row.kind))),
    workflows: evidence.workflows.length,
    timeScale: evidence.timeScale,
    proxy: evidence.settings.proxy,
    elapsedMs: Math.round(elapsedMs),
    figures,
  });
}

/** How each attempt's authentication ended, where there was one. */
function authenticationsOf({ tables }: StormResult['evidence']): readonly string[] {
  return tables.attempt.flatMap(({ authentication }) => {
    const status = (authentication as { status?: string } | null | undefined)?.status;
    return status === undefined ? [] : [status];
  });
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
