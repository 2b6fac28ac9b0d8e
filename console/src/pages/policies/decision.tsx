import type { Sent } from '../../api/query.ts';
import { Card, columnsOf, DataTable, Facts, Money, Notice, Status } from '../../kit/index.ts';
import { ppmText } from './parts.tsx';

type Decision = Omit<Sent<'/v1/routing/simulate'>, 'object'>;
type Candidate = Decision['candidates'][number];

/** Who is asked in which order, which rule said so, and for every account why it stands where it stands. */
export function DecisionView({
  decision,
  currency,
}: {
  readonly decision: Decision;
  readonly currency: string;
}) {
  const { order, candidates, rules, requirements, retries, exploration } = decision;
  const names = new Map(candidates.map(({ account, provider }) => [account, provider] as const));
  const [first, ...others] = order.map((account) => names.get(account) ?? account);
  const rows = candidates
    .map((candidate) => ({ ...candidate, currency }))
    .toSorted((a, b) => (a.rank ?? 99) - (b.rank ?? 99));
  return (
    <section className="stack" aria-label="Decision">
      <Notice
        tone={first === undefined ? 'bad' : 'good'}
        title={
          first === undefined
            ? 'Nobody can take it.'
            : `Goes to ${first}${others.length > 0 ? `, then ${others.join(', then ')}` : ''}.`
        }
      >
        {decision.because}
      </Notice>
      <Facts
        facts={[
          ['Rule', decision.chosen_rule],
          ['Strategy', decision.strategy.replaceAll('_', ' ')],
          ['Requirements', requirements.join(', ')],
          [
            'Tries',
            `${retries.max_attempts} at most; another provider after ${retries.fail_over_after.join(', ') || 'no decline'}`,
          ],
          ['Learning', exploration === null ? null : `tried instead of ${exploration.instead}`],
          [
            'Policy',
            decision.policy_version === 0
              ? 'the text, or the platform’s'
              : `version ${decision.policy_version}`,
          ],
        ]}
      />
      <Card title="Every candidate" flush>
        <DataTable
          label="Candidates"
          columns={COLUMNS}
          rows={rows}
          rowId={(row) => row.account}
          empty="This merchant has no account."
        />
      </Card>
      {rules.length > 0 && (
        <Card title="Rules, in order" flush>
          <DataTable label="Rules" columns={RULES} rows={rules} rowId={(row) => row.name} empty="No rules." />
        </Card>
      )}
    </section>
  );
}

const column = columnsOf<Candidate & { readonly currency: string }>();
const COLUMNS = column.columns([
  column.accessor('rank', { header: 'Rank', cell: ({ getValue }) => getValue() ?? '–' }),
  column.accessor('account', {
    header: 'Account',
    cell: ({ row: { original } }) => (
      <span title={original.account}>
        {original.provider} <span className="muted">{original.account}</span>
      </span>
    ),
  }),
  column.accessor('verdict', { header: 'Verdict', cell: ({ getValue }) => <Status value={getValue()} /> }),
  column.accessor('because', {
    header: 'Why',
    cell: ({ getValue }) => <div className="because">{getValue() ?? '–'}</div>,
  }),
  column.accessor('fee', {
    header: 'Fee',
    meta: { align: 'right' },
    cell: ({ getValue, row: { original } }) => {
      const fee = getValue();
      return fee === null ? '–' : <Money minor={fee} currency={original.currency} />;
    },
  }),
  column.accessor('success', {
    header: 'Success',
    meta: { align: 'right' },
    cell: ({ getValue }) => (
      <span title={`${getValue().samples} samples of ${getValue().cell}`}>
        {ppmText(getValue().rate_ppm)}
      </span>
    ),
  }),
  column.accessor('latency_p95_ms', {
    header: 'p95',
    meta: { align: 'right', wideOnly: true },
    cell: ({ getValue }) => {
      const latencyMs = getValue();
      return latencyMs === null ? '–' : `${Math.round(latencyMs)} ms`;
    },
  }),
  column.accessor('circuit', { header: 'Circuit', cell: ({ getValue }) => getValue().replace('_', ' ') }),
]);

const rule = columnsOf<Decision['rules'][number]>();
const RULES = rule.columns([
  rule.accessor('name', { header: 'Rule' }),
  rule.accessor('matched', {
    header: 'Matched',
    cell: ({ getValue, row: { original } }) =>
      original.error === null ? (getValue() ? 'yes' : 'no') : `not judged: ${original.error}`,
  }),
  rule.accessor('when', { header: 'When', cell: ({ getValue }) => <code>{getValue()}</code> }),
]);
