import { type Answer, useRead } from '../../api/query.ts';
import { Card, columnsOf, DataTable, formatCount, Id, Skeleton } from '../../kit/index.ts';
import { At } from './parts.tsx';

const PATH = '/v1/routing/policies/{version}/comparison';
type Pair = Answer<typeof PATH>['data'][number];
type Sample = Pair['samples'][number];

/** How often this version would have chosen otherwise than the one that decided, and the latest times that it would. */
export function Comparison({ version }: { readonly version: number }) {
  const read = useRead(PATH, { params: { path: { version } } }, { refetchIntervalMs: 10_000 });
  if (read.data === undefined) return read.error === null ? <Skeleton heightPx={160} /> : null;
  const { data } = read.data;
  if (data.length === 0) return null;
  const samples = data.flatMap((pair) => pair.samples).slice(0, 20);
  return (
    <Card title="Differences in shadow and canary" flush>
      <DataTable
        label="Compared versions"
        columns={PAIRS}
        rows={data}
        rowId={(row) => `${row.decided_by}-${row.compared}`}
        empty="Nothing was compared."
      />
      {samples.length > 0 && (
        <DataTable
          label="Payments that differed, latest first"
          columns={SAMPLES}
          rows={samples}
          rowId={(row) => row.payment}
          rowHref={(row) => `/payments/${row.payment}`}
          empty="None differed."
        />
      )}
    </Card>
  );
}

function Share({ count, of: total }: { readonly count: number; readonly of: number }) {
  return (
    <span className="num" title={`${formatCount(count)} of ${formatCount(total)}`}>
      {formatCount(count)} ({total === 0 ? '–' : `${((count / total) * 100).toFixed(1)}%`})
    </span>
  );
}

const pair = columnsOf<Pair>();
const PAIRS = pair.columns([
  pair.accessor('decided_by', {
    header: 'Decided by',
    cell: ({ getValue }) => (getValue() === 0 ? 'the platform' : `version ${getValue()}`),
  }),
  pair.accessor('compared', { header: 'Compared', cell: ({ getValue }) => `version ${getValue()}` }),
  pair.accessor('evaluated', {
    header: 'Payments',
    meta: { align: 'right' },
    cell: ({ getValue }) => formatCount(getValue()),
  }),
  pair.accessor('differed', {
    header: 'Differed',
    meta: { align: 'right' },
    cell: ({ getValue, row: { original } }) => <Share count={getValue()} of={original.evaluated} />,
  }),
  pair.accessor('first_differed', {
    header: 'Another account first',
    meta: { align: 'right' },
    cell: ({ getValue, row: { original } }) => <Share count={getValue()} of={original.evaluated} />,
  }),
  pair.accessor('requirements_differed', {
    header: 'Other requirements',
    meta: { align: 'right', wideOnly: true },
    cell: ({ getValue, row: { original } }) => <Share count={getValue()} of={original.evaluated} />,
  }),
  pair.accessor('last_at', { header: 'Last', cell: ({ getValue }) => <At seconds={getValue()} relative /> }),
]);

const sample = columnsOf<Sample>();
const SAMPLES = sample.columns([
  sample.accessor('payment', {
    header: 'Payment',
    cell: ({ getValue }) => (
      <Id value={getValue()} short={`${getValue().slice(0, 14)}…`} href={`/payments/${getValue()}`} />
    ),
  }),
  sample.accessor('decided', { header: 'Decided', cell: ({ getValue }) => answerText(getValue()) }),
  sample.accessor('would_have', { header: 'Would have', cell: ({ getValue }) => answerText(getValue()) }),
]);

function answerText({ order, requirements }: Sample['decided']): string {
  const asked = order.length === 0 ? 'nobody' : order.join(', ');
  return requirements.length === 0 ? asked : `${asked}; ${requirements.join(', ')}`;
}
