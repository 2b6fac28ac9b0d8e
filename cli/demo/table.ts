import { renderReport } from '../../domain/reconciliation/report-text.ts';
import { describeRefunds, type Expectation } from './judge.ts';
import type { RoutingShown } from './routing.ts';
import type { DemoResult, Row } from './run.ts';

/** The demo's result for people: what was tried, what should come of it, what did. */
export function renderTable({ rows, summary, unheard, days, routing }: DemoResult): string {
  const cells = rows.map((row) => [
    row.ok ? '✓' : '✗',
    row.name,
    describeExpected(row),
    row.ok ? 'same' : describeGot(row),
    row.payment.attempts.map(({ provider }) => provider).join(' → '),
    String(Math.round(row.elapsedMs)),
  ]);
  const header = ['', 'tried', 'expected', 'got', 'providers', 'ms'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const draw = (line: readonly string[]) =>
    line
      .map((cell, column) =>
        column === 5 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const problems = rows.flatMap((row) =>
    row.problems.map((problem) => `  ✗ ${row.name} (${row.payment.id}): ${problem}`),
  );
  const differences = [
    ...problems,
    ...routing.problems.map((each) => `  ✗ routing: ${each}`),
    ...unheard.map((each) => `  ✗ webhooks: ${each}`),
    ...days.flatMap(({ provider, missed, off }) =>
      [...missed, ...off].map((each) => `  ✗ ${provider}'s day: ${each}`),
    ),
  ];
  return [
    draw(header),
    draw(widths.map((width) => '─'.repeat(width))),
    ...cells.map(draw),
    '',
    ...renderRouting(routing),
    ...days.flatMap(({ report }) => ['', renderReport(report)]),
    ...(differences.length === 0 ? [] : ['', 'Differences:', ...differences]),
    '',
    `${summary.payments} payments, ${summary.as_expected} as expected; by the providers' own journals ` +
      `${summary.charged_twice} charged twice, ${summary.lost} lost; ` +
      `${summary.refunds} refunds, ${summary.refunded_twice} made twice; ` +
      `${summary.events_delivered} of ${summary.events} events delivered to the merchant's endpoint, in order; ` +
      `${summary.days_closed} days closed, ${summary.breaks_found} of ${summary.breaks_planted} breaks found, ` +
      `ledger and books differ in ${summary.ledger_off} figures.`,
  ].join('\n');
}

/** One decision as a person would ask for it, and what the change of policy did. */
function renderRouting({ effectiveAfterMs, canary, shadow, explained }: RoutingShown): string[] {
  const { decision, payment } = explained;
  const candidates = decision.candidates.map(({ account, verdict, success, because }) => {
    const rate = `${(success.rate_ppm / 10_000).toFixed(1)}% of ${success.samples}`;
    return `  ${account.padEnd(18)} ${verdict.padEnd(13)} success ${rate}${because === null ? '' : `; ${because}`}`;
  });
  return [
    `A new routing policy decided its first payment ${Math.round(effectiveAfterMs)} ms after it was promoted, without a restart;`,
    `its next version decided ${canary.decided} of ${canary.of} as canary, and as shadow would have sent ${shadow.differed} of ${shadow.evaluated} elsewhere.`,
    `Why ${payment} went where it went (rule "${decision.chosen_rule}", version ${decision.policy_version}): ${decision.because}`,
    ...candidates,
  ];
}

function describeExpected({ expected, payment }: Row): string {
  const { decline, failure, authentications } = expected;
  return describe(expected, payment.currency, authentications?.at(-1) ?? decline ?? failure);
}

function describeGot({ payment, refunds, expected }: Row): string {
  const authenticated =
    expected.authentications === undefined ? undefined : payment.attempts.at(-1)?.authentication?.status;
  const declined = payment.attempts.findLast(({ decline }) => decline !== null)?.decline?.reason;
  return describe(
    { status: payment.status, captured: payment.amount_captured, refunds },
    payment.currency,
    authenticated ?? declined ?? payment.failure?.code,
  );
}

function describe(
  { status, captured, refunds = [] }: Pick<Expectation, 'status' | 'captured' | 'refunds'>,
  currency: string,
  why: string | undefined,
): string {
  const money = captured === 0 ? '' : ` ${captured} ${currency}`;
  const back = refunds.length === 0 ? '' : `, refunded ${describeRefunds(refunds)}`;
  return `${status}${money}${why === undefined ? '' : ` (${why})`}${back}`;
}
