import { type Answer, useRead } from '../../api/query.ts';
import {
  Card,
  Checkbox,
  columnsOf,
  DataTable,
  ErrorBox,
  Field,
  Id,
  Money,
  Page,
  Pager,
  Select,
  Status,
  Time,
  useKeptSearch,
  useLive,
  useUrlState,
} from '../../kit/index.ts';
import { useListKeys } from './keys.ts';

const PATH = '/v1/operator/payments';
export type Listed = Answer<typeof PATH>['data'][number];

const DEFAULTS = {
  of_merchant: '',
  mode: '',
  status: '',
  provider: '',
  reference: '',
  customer: '',
  currency: '',
  from: '',
  before: '',
  least: '',
  most: '',
  attention: '',
  cursor: '',
};

const STATUSES = [
  'succeeded',
  'failed',
  'processing',
  'requires_action',
  'requires_capture',
  'partially_captured',
  'requires_review',
  'requires_confirmation',
  'canceled',
  'expired',
] as const;
const ANY = { value: '', label: 'any' };

/** Every merchant's payments, the newest first. The filters are the address, so that a link to a list is the list. */
export function PaymentList() {
  const [filters, setFilters] = useUrlState(DEFAULTS);
  const read = useRead(PATH, { params: { query: queryOf(filters) } }, { keepPrevious: true });
  useLive([PATH]);
  const keep = useKeptSearch();
  const around = useListKeys<HTMLDivElement>();
  const change = (next: Partial<typeof filters>) => setFilters({ cursor: '', ...next });
  const older = read.data?.next_cursor ?? undefined;
  return (
    <Page title="Payments" sub="Of all merchants, newest first. Press / to find one by any id.">
      <PaymentFilters filters={filters} onChange={change} />
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <div ref={around} className="payments-table">
          <DataTable
            label="Payments, newest first"
            columns={COLUMNS}
            rows={read.data?.data}
            rowId={({ id }) => id}
            rowHref={({ id }) => `/payments/${id}${keep}`}
            empty="No payment is like that."
            expectRows={20}
          />
          {(filters.cursor !== '' || older !== undefined) && (
            <Pager
              onNewer={filters.cursor === '' ? undefined : () => setFilters({ cursor: '' })}
              onOlder={older === undefined ? undefined : () => setFilters({ cursor: older })}
            />
          )}
        </div>
      </Card>
    </Page>
  );
}

type Filters = { readonly [K in keyof typeof DEFAULTS]: string };

function queryOf(filters: Filters) {
  const { of_merchant, from, before, least, most, attention, ...same } = filters;
  const named = {
    ...same,
    merchant: of_merchant,
    created_from: from,
    created_before: before,
    amount_from: least,
    amount_to: most,
    needs_attention: attention,
  };
  const given = Object.entries(named).filter(([, value]) => value !== '');
  return { limit: 50, ...Object.fromEntries(given) };
}

function PaymentFilters(props: {
  readonly filters: Filters;
  readonly onChange: (change: Partial<Filters>) => void;
}) {
  const { filters, onChange } = props;
  const text = (name: keyof Filters, label: string, placeholder = 'any') => (
    <Field
      label={label}
      value={filters[name]}
      placeholder={placeholder}
      onText={(value) => onChange({ [name]: value })}
    />
  );
  const day = (name: keyof Filters, label: string) => (
    <Field type="date" label={label} value={filters[name]} onText={(value) => onChange({ [name]: value })} />
  );
  return (
    <search className="payment-filters" aria-label="Filters">
      <Select
        label="Status"
        value={filters.status}
        options={[ANY, ...STATUSES.map((value) => ({ value, label: value.replaceAll('_', ' ') }))]}
        onValue={(status) => onChange({ status })}
      />
      {text('reference', 'Order reference')}
      {text('of_merchant', 'Merchant')}
      {text('provider', 'Provider')}
      {text('customer', 'Customer', 'cus_…')}
      {text('currency', 'Currency')}
      {text('least', 'From amount', 'minor units')}
      {text('most', 'To amount', 'minor units')}
      {day('from', 'Created from')}
      {day('before', 'Created before')}
      <Select
        label="Mode"
        value={filters.mode}
        options={[ANY, { value: 'test', label: 'test' }, { value: 'live', label: 'live' }]}
        onValue={(mode) => onChange({ mode })}
      />
      <Checkbox
        label="Needs attention"
        checked={filters.attention === 'true'}
        onChecked={(checked) => onChange({ attention: checked ? 'true' : '' })}
      />
    </search>
  );
}

function PaymentId({ id }: { readonly id: string }) {
  const keep = useKeptSearch();
  return <Id value={id} short={`${id.slice(0, 12)}…`} href={`/payments/${id}${keep}`} />;
}

const column = columnsOf<Listed>();
const COLUMNS = column.columns([
  column.accessor('id', { header: 'Payment', cell: ({ row }) => <PaymentId id={row.original.id} /> }),
  column.accessor('status', {
    header: 'Status',
    cell: ({ row: { original } }) => (
      <span className="row">
        <Status value={original.status} />
        {original.open_exceptions > 0 && <Status value="open" label={`${original.open_exceptions} open`} />}
      </span>
    ),
  }),
  column.accessor('amount', {
    header: 'Amount',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => <Money minor={original.amount} currency={original.currency} />,
  }),
  column.accessor('reference', {
    header: 'Reference',
    cell: ({ row: { original } }) => <span className="clip">{original.reference ?? '–'}</span>,
  }),
  column.accessor('providers', {
    header: 'Provider',
    cell: ({ row: { original } }) => original.providers.join(' → ') || '–',
  }),
  column.accessor('card', {
    header: 'Card',
    meta: { wideOnly: true },
    cell: ({ row: { original } }) => original.card ?? '–',
  }),
  column.accessor('merchant', {
    header: 'Merchant',
    meta: { wideOnly: true },
    cell: ({ row: { original } }) => `${original.merchant} (${original.mode})`,
  }),
  column.accessor('created_at', {
    header: 'Created',
    cell: ({ row: { original } }) => <Time at={original.created_at} />,
  }),
]);
