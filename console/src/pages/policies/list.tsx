import { Link } from 'wouter';
import { type Answer, useRead } from '../../api/query.ts';
import {
  Card,
  columnsOf,
  DataTable,
  ErrorBox,
  Notice,
  Page,
  Pager,
  Select,
  Status,
  useKeptSearch,
  useLive,
  useMay,
  useUrlState,
} from '../../kit/index.ts';
import { At, author, statusText } from './parts.tsx';
import { useActive } from './use-active.ts';

const PATH = '/v1/routing/policies';
export type Listed = Answer<typeof PATH>['data'][number];

const DEFAULTS = { status: '', after: '' };
const STATUSES = ['draft', 'validated', 'shadow', 'canary', 'active', 'archived'] as const;

/** Every version there ever was, newest first: none is ever changed, because payments name what decided them. */
export function PolicyList() {
  const [filters, setFilters] = useUrlState(DEFAULTS);
  const keep = useKeptSearch();
  const mayDraft = useMay('draft_policy');
  const status = STATUSES.find((each) => each === filters.status);
  const query = {
    limit: 50,
    ...(status === undefined ? {} : { status }),
    ...(filters.after === '' ? {} : { starting_after: Number(filters.after) }),
  };
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true, refetchIntervalMs: 10_000 });
  useLive([PATH]);
  const rows = read.data?.data;
  const last = rows?.at(-1)?.version;
  const { version: active } = useActive();
  return (
    <Page
      title="Routing policies"
      sub="One version decides. A shadow is only compared, a canary decides a share, and every move has a name and a reason."
      actions={
        mayDraft ? (
          <Link className="button button-primary" href={`/policies/new${keep}`}>
            New version
          </Link>
        ) : undefined
      }
    >
      {active === null && status === undefined && filters.after === '' && (
        <Notice tone="info">No version of this merchant is active: the platform's policy decides.</Notice>
      )}
      <div className="policy-filters">
        <Select
          label="Status"
          value={filters.status}
          options={[{ value: '', label: 'any' }, ...STATUSES.map((each) => ({ value: each, label: each }))]}
          onValue={(value) => setFilters({ status: value, after: '' })}
        />
      </div>
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <DataTable
          label="Versions, newest first"
          columns={COLUMNS}
          rows={rows}
          rowId={(row) => String(row.version)}
          rowHref={(row) => `/policies/${row.version}${keep}`}
          empty="No version was ever saved."
        />
        {(filters.after !== '' || read.data?.has_more === true) && (
          <Pager
            onNewer={filters.after === '' ? undefined : () => setFilters({ after: '' })}
            onOlder={
              read.data?.has_more === true && last !== undefined
                ? () => setFilters({ after: String(last) })
                : undefined
            }
          />
        )}
      </Card>
    </Page>
  );
}

function VersionLink({ of: policy }: { readonly of: Listed }) {
  const keep = useKeptSearch();
  return (
    <Link href={`/policies/${policy.version}${keep}`}>
      {policy.version} · {policy.name}
    </Link>
  );
}

const column = columnsOf<Listed>();
const COLUMNS = column.columns([
  column.accessor('version', {
    header: 'Version',
    cell: ({ row: { original } }) => <VersionLink of={original} />,
  }),
  column.accessor('status', {
    header: 'Status',
    cell: ({ row: { original } }) => (
      <span className="row">
        <Status value={original.status} label={statusText(original)} />
        {original.proposal !== null && (
          <Status value="proposed" label={`waits for approval: ${original.proposal.to}`} />
        )}
      </span>
    ),
  }),
  column.accessor('author', { header: 'Author', cell: ({ getValue }) => author(getValue()) }),
  column.accessor('created', {
    header: 'Saved',
    cell: ({ getValue }) => <At seconds={getValue()} relative />,
  }),
  column.accessor('moved_at', {
    header: 'Since',
    cell: ({ getValue }) => <At seconds={getValue()} relative />,
  }),
]);
