import { useState } from 'react';
import { type Answer, useRead } from '../../api/query.ts';
import {
  columnsOf,
  FilterField,
  given,
  Id,
  Money,
  Page,
  Select,
  Status,
  Time,
  useLive,
  useMay,
  useSession,
  useUrlState,
} from '../../kit/index.ts';
import { BulkBar } from './bulk.tsx';
import { Due, Filters, MerchantFilter, ModeFilter, modeIn, Person, QueueTable } from './parts.tsx';

const PATH = '/v1/exceptions';
export type Case = Answer<typeof PATH>['data'][number];

const DEFAULTS = {
  status: 'unresolved',
  kind: '',
  owner: '',
  of_merchant: '',
  mode: '',
  account: '',
  payment: '',
  file: '',
  age: '',
  overdue: '',
  after: '',
};
type Filter = typeof DEFAULTS;

/** Exceptions as a team works them off: filters in the address, several told the same at once. */
export function Exceptions() {
  const [filters, setFilters] = useUrlState(DEFAULTS);
  const read = useRead(
    PATH,
    { params: { query: queryOf(filters) } },
    { keepPrevious: true, refetchIntervalMs: 15_000 },
  );
  useLive([PATH]);
  const [chosen, setChosen] = useState<readonly Case[]>([]);
  // A new table, without a selection, once what was chosen has been told.
  const [round, setRound] = useState(0);
  const mayAct = useMay('act');
  return (
    <Page
      title="Exceptions"
      sub="What the books, a provider and its files do not agree about. Oldest first; j and k move, x selects, Enter opens."
    >
      <CaseFilters filters={filters} onChange={(next) => setFilters({ after: '', ...next })} />
      <QueueTable
        read={read}
        after={filters.after}
        onAfter={(after) => setFilters({ after })}
        round={round}
        label="Exceptions, oldest first"
        columns={COLUMNS}
        rowId={({ id }) => id}
        rowHref={({ id }) => pageOf(id)}
        {...(mayAct && { onSelect: setChosen })}
        empty="No exception is like this."
      >
        {mayAct && <BulkBar cases={chosen} onDone={() => setRound(round + 1)} />}
      </QueueTable>
    </Page>
  );
}

function queryOf({ status, age, overdue, of_merchant: merchant, mode, after, ...rest }: Filter) {
  return {
    limit: 50,
    ...given({ ...rest, merchant, starting_after: after }),
    ...modeIn(mode),
    ...(age === '' ? {} : { min_age_hours: Number(age) }),
    ...(overdue === 'true' ? { overdue: 'true' as const } : {}),
    ...(isStatus(status) ? { status } : {}),
  };
}

const STATUSES = ['unresolved', 'open', 'proposed', 'resolved'] as const;
type CaseStatus = (typeof STATUSES)[number];

function isStatus(text: string): text is CaseStatus {
  return STATUSES.some((status) => status === text);
}

export function pageOf(id: string): string {
  return `/queues/exceptions/${encodeURIComponent(id)}`;
}

const AGES = [
  { value: '', label: 'any' },
  { value: '24', label: 'over a day' },
  { value: '72', label: 'over three days' },
  { value: '168', label: 'over a week' },
];

function CaseFilters(props: {
  readonly filters: Filter;
  readonly onChange: (next: Partial<Filter>) => void;
}) {
  const { filters, onChange } = props;
  const { person } = useSession();
  const waiting = useRead('/v1/operator/queues').data?.exceptions_by_kind ?? [];
  const kinds = waiting.map(({ kind }) => kind);
  const counts = new Map(waiting.map(({ kind, count }) => [kind, count] as const));
  const shown = filters.kind === '' || kinds.includes(filters.kind) ? kinds : [...kinds, filters.kind];
  return (
    <Filters>
      <Select
        label="Kind"
        value={filters.kind}
        options={[
          { value: '', label: 'every kind' },
          ...shown.map((kind) => ({
            value: kind,
            label: `${kind.replaceAll('_', ' ')} (${counts.get(kind) ?? 0})`,
          })),
        ]}
        onValue={(kind) => onChange({ kind })}
      />
      <Select
        label="Status"
        value={filters.status}
        options={STATUSES.map((status) => ({ value: status, label: status }))}
        onValue={(status) => onChange({ status })}
      />
      <Select
        label="Owner"
        value={filters.owner}
        options={[
          { value: '', label: 'anybody' },
          { value: person.id, label: 'me' },
          { value: 'none', label: 'nobody' },
        ]}
        onValue={(owner) => onChange({ owner })}
      />
      <Select label="Age" value={filters.age} options={AGES} onValue={(age) => onChange({ age })} />
      <Select
        label="Due"
        value={filters.overdue}
        options={[
          { value: '', label: 'any' },
          { value: 'true', label: 'overdue' },
        ]}
        onValue={(overdue) => onChange({ overdue })}
      />
      <MerchantFilter merchant={filters.of_merchant} onMerchant={(text) => onChange({ of_merchant: text })} />
      <ModeFilter mode={filters.mode} onMode={(mode) => onChange({ mode })} />
      <FilterField
        label="Provider account"
        value={filters.account}
        placeholder="any"
        onText={(account) => onChange({ account })}
      />
      <FilterField
        label="Payment"
        value={filters.payment}
        placeholder="any"
        onText={(payment) => onChange({ payment })}
      />
      <FilterField
        label="Settlement file"
        value={filters.file}
        placeholder="any"
        onText={(file) => onChange({ file })}
      />
    </Filters>
  );
}

const column = columnsOf<Case>();
const COLUMNS = column.columns([
  column.accessor('kind', {
    header: 'Exception',
    cell: ({ row: { original } }) => (
      <div className="why">
        <Id value={original.id} short={original.kind.replaceAll('_', ' ')} href={pageOf(original.id)} />
        <small>{original.summary}</small>
      </div>
    ),
  }),
  column.accessor('status', {
    header: 'Status',
    cell: ({ getValue, row: { original } }) => (
      <span className="row">
        <Status value={getValue()} />
        {original.severity === 'critical' && <Status value="critical" />}
      </span>
    ),
  }),
  column.accessor('amount', {
    header: 'At stake',
    meta: { align: 'right' },
    cell: ({ row: { original } }) =>
      original.amount === null || original.currency === null ? (
        <span className="muted">unknown</span>
      ) : (
        <Money minor={original.amount} currency={original.currency} />
      ),
  }),
  column.accessor('opened_at', {
    header: 'Opened',
    cell: ({ getValue }) => <Time at={getValue()} relative />,
  }),
  column.accessor('due_at', {
    header: 'Clock',
    cell: ({ row: { original } }) => <Due at={original.due_at} endedAt={original.closed_at} />,
  }),
  column.accessor('owner', {
    header: 'Owner',
    cell: ({ getValue }) => <Person id={getValue()} />,
  }),
  column.accessor('account', {
    header: 'Account',
    meta: { wideOnly: true },
    cell: ({ getValue }) => getValue() ?? <span className="muted">–</span>,
  }),
]);
