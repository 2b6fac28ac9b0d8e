import { Link, useLocation } from 'wouter';
import { type Answer, useRead } from '../../api/query.ts';
import {
  Card,
  columnsOf,
  DataTable,
  ErrorBox,
  Id,
  Notice,
  Page,
  Tabs,
  Time,
  useKeptSearch,
  useMay,
  useMerchant,
  useUrlState,
} from '../../kit/index.ts';
import './analytics.css';
import { paymentsBehind } from './behind.ts';
import { Chart } from './chart.tsx';
import { Figure, Sample } from './figure.tsx';
import { DEFAULTS, Filters } from './filters.tsx';
import { groupsOf, queryOf } from './query.ts';
import { ENOUGH_SAMPLES, isReport, labelOf, REPORTS, type ReportName } from './reports.ts';

export type Figures = Answer<'/v1/operator/analytics/approval'>;
export type FigureRow = Figures['data'][number];

const TABS = Object.entries(REPORTS).map(([name, { title }]) => ({
  href: `/analytics/${name}`,
  label: title,
}));

/** How it went: one report at a time, its filters in the address, with a chart, a table and a file. */
export default function Analytics() {
  const [location] = useLocation();
  const name = location.split('/')[2];
  const report = isReport(name) ? name : 'approval';
  return <Report key={report} report={report} />;
}

function Report({ report }: { readonly report: ReportName }) {
  const [state, change] = useUrlState(DEFAULTS);
  const { merchantId, mode } = useMerchant();
  const mayExport = useMay('export');
  const keep = useKeptSearch();
  const query = queryOf(report, state, { merchantId, mode }, Date.now());
  // All reports have one shape, which is why one of them speaks for all here.
  const path = `/v1/operator/analytics/${report}` as '/v1/operator/analytics/approval';
  const read = useRead(path, { params: { query } }, { keepPrevious: true, refetchIntervalMs: 60_000 });
  const figures = read.data?.report === report ? read.data : undefined;
  const groups = figures?.group_by ?? groupsOf(report, state);
  const behind = (row: FigureRow) => figures && paymentsBehind(row, query, figures, keep);
  const columns = columnsFor(report, groups, state.bucket !== '', behind);
  const file = `/v1/operator/analytics/${report}.csv?${new URLSearchParams({ ...query })}`;
  const few = figures?.data.filter(({ sample }) => sample < ENOUGH_SAMPLES).length ?? 0;
  return (
    <Page
      title={REPORTS[report].title}
      sub={REPORTS[report].sub}
      actions={
        mayExport && (
          <a className="button" href={file} download>
            Download CSV
          </a>
        )
      }
    >
      <Tabs label="Reports" tabs={TABS} />
      <Filters state={state} change={change} report={report} />
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Freshness figures={figures} />
      <Card title={`${labelOf(REPORTS[report].drawn)}${state.bucket === '' ? '' : `, by ${state.bucket}`}`}>
        <Chart report={report} figures={figures} />
      </Card>
      <Card
        flush
        title={figures === undefined ? 'Rows' : `${figures.data.length}${figures.has_more ? '+' : ''} rows`}
        actions={
          few > 0 ? (
            <span className="muted">
              {few} rest on fewer than {ENOUGH_SAMPLES} samples, greyed out
            </span>
          ) : undefined
        }
      >
        <DataTable
          label={`${REPORTS[report].title} by ${groups.join(' and ') || 'nothing'}`}
          columns={columns}
          rows={figures?.data}
          rowId={(row) => JSON.stringify([row.at, row.group])}
          rowHref={behind}
          empty="No payments in this period that match."
        />
      </Card>
    </Page>
  );
}

function Freshness({ figures }: { readonly figures: Figures | undefined }) {
  return (
    <div className="freshness">{figures !== undefined && <Freshly until={figures.complete_until} />}</div>
  );
}

function Freshly({ until }: { readonly until: string | null }) {
  if (until === null)
    return (
      <Notice tone="warn">
        The figures are being computed for the first time; they are not complete yet.
      </Notice>
    );
  return (
    <p className="muted">
      Complete until <Time at={until} relative />. All of a payment counts in the hour in which it was made.
    </p>
  );
}

const column = columnsOf<FigureRow>();

function columnsFor(
  report: ReportName,
  groups: readonly string[],
  isByTime: boolean,
  behind: (row: FigureRow) => string | undefined,
) {
  const dim = (row: FigureRow) => (row.sample < ENOUGH_SAMPLES ? 'muted' : '');
  return column.columns([
    ...(isByTime
      ? [
          column.display({
            id: 'at',
            header: 'From',
            cell: ({ row: { original } }) => (original.at === null ? null : <Time at={original.at} />),
          }),
        ]
      : []),
    ...groups.map((name) =>
      column.display({
        id: name,
        header: labelOf(name),
        cell: ({ row: { original } }) => (
          <Group name={name} value={original.group[name as keyof FigureRow['group']]} />
        ),
      }),
    ),
    column.accessor('sample', {
      header: 'Samples',
      meta: { align: 'right' },
      cell: ({ row: { original } }) => <Samples count={original.sample} href={behind(original)} />,
    }),
    ...REPORTS[report].columns.map((name, index) =>
      column.display({
        id: `figure-${name}`,
        header: labelOf(name),
        meta: { align: 'right', wideOnly: index > 3 },
        cell: ({ row: { original } }) => (
          <span className={dim(original)}>
            <Figure name={name} value={original.figures[name]} currency={original.group.currency} />
          </span>
        ),
      }),
    ),
  ]);
}

function Samples({ count, href }: { readonly count: number; readonly href: string | undefined }) {
  if (href === undefined) return <Sample count={count} />;
  return (
    <Link href={href} title="The payments behind this row">
      <Sample count={count} />
    </Link>
  );
}

function Group({ name, value }: { readonly name: string; readonly value: string | undefined }) {
  if (value === undefined || value === '')
    return (
      <span className="muted">{name === 'provider' || name === 'account' ? 'none asked' : 'unknown'}</span>
    );
  return name === 'merchant' || name === 'account' ? <Id value={value} /> : <span>{value}</span>;
}
