import { type Answer, useRead } from '../../api/query.ts';
import { Card, columnsOf, DataTable, ErrorBox, Page, Skeleton, Status } from '../../kit/index.ts';
import { At, ppmText } from './parts.tsx';

const PATH = '/v1/routing/health';
type Account = Answer<typeof PATH>['accounts'][number];
type Cell = Account['cells'][number];

/** What decisions know of each account now: its circuit, its weight, and its success cell by cell. */
export default function Health() {
  const read = useRead(PATH, undefined, { refetchIntervalMs: 3_000 });
  return (
    <Page
      title="Providers' health"
      sub="As decisions see it, of the last days, and the last two seconds' at the latest."
    >
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <DataTable
          label="Accounts"
          columns={COLUMNS}
          rows={read.data?.accounts}
          rowId={(row) => row.account}
          expectRows={3}
          empty="This merchant has no account in this mode."
        />
      </Card>
      {read.data === undefined ? (
        <Skeleton heightPx={240} />
      ) : (
        read.data.accounts
          .filter(({ cells }) => cells.length > 0)
          .map((account) => (
            <Card key={account.account} title={`${account.provider}, by cell`} flush>
              <DataTable
                label={`Success of ${account.account} by cell`}
                columns={CELLS}
                rows={account.cells}
                rowId={(row) => [row.method, row.brand, row.issuer_country, row.currency].join(' ')}
                empty="Nothing was learnt yet."
              />
            </Card>
          ))
      )}
    </Page>
  );
}

const column = columnsOf<Account>();
const COLUMNS = column.columns([
  column.accessor('account', {
    header: 'Account',
    cell: ({ row: { original } }) => (
      <span>
        {original.provider} <span className="muted">{original.account}</span>
      </span>
    ),
  }),
  column.accessor('circuit', {
    header: 'Circuit',
    cell: ({ getValue, row: { original } }) => (
      <span className="row">
        <Status
          value={getValue() === 'closed' ? 'healthy' : getValue() === 'open' ? 'broken' : 'half_open'}
          label={getValue().replace('_', ' ')}
        />
        {!original.enabled && <Status value="disabled" />}
        {original.opened_at !== null && <At seconds={original.opened_at} relative />}
      </span>
    ),
  }),
  column.accessor('weight_ppm', {
    header: 'Weight',
    meta: { align: 'right' },
    cell: ({ getValue }) => ppmText(getValue()),
  }),
  column.accessor('window', {
    header: 'Approved',
    meta: { align: 'right' },
    cell: ({ getValue }) => {
      const { approved, attempts } = getValue();
      return attempts === 0 ? '–' : `${((approved / attempts) * 100).toFixed(1)}% of ${attempts}`;
    },
  }),
  column.accessor('unknown_ppm', {
    header: 'Unknown',
    meta: { align: 'right' },
    cell: ({ getValue }) => ppmText(getValue()),
  }),
  column.accessor('latency_p95_ms', {
    header: 'p95',
    meta: { align: 'right' },
    cell: ({ getValue }) => {
      const latencyMs = getValue();
      return latencyMs === null ? '–' : `${Math.round(latencyMs)} ms`;
    },
  }),
]);

const cell = columnsOf<Cell>();
const CELLS = cell.columns([
  cell.accessor('brand', {
    header: 'Brand',
    cell: ({ getValue, row: { original } }) => getValue() ?? original.method,
  }),
  cell.accessor('issuer_country', { header: 'Issuer', cell: ({ getValue }) => getValue() ?? '–' }),
  cell.accessor('currency', { header: 'Currency' }),
  cell.accessor('attempts', { header: 'Attempts', meta: { align: 'right' }, enableSorting: true }),
  cell.accessor('success_ppm', {
    header: 'Success, as estimated',
    meta: { align: 'right' },
    enableSorting: true,
    cell: ({ getValue, row: { original } }) => (
      <span title={`rests on ${original.rests_on}`}>{ppmText(getValue())}</span>
    ),
  }),
]);
