import { type Answer, useRead } from '../../api/query.ts';
import {
  Card,
  Checkbox,
  columnsOf,
  DataTable,
  ErrorBox,
  Field,
  FilterField,
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
import { FILTERS, instantOf, listQueryOf, localOf, type PaymentFilters } from './filters.ts';
import { useListKeys } from './keys.ts';

const PATH = '/v1/operator/payments';
export type Listed = Answer<typeof PATH>['data'][number];

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
  const [filters, setFilters] = useUrlState(FILTERS);
  const read = useRead(
    PATH,
    { params: { query: { limit: 50, ...listQueryOf(filters) } } },
    { keepPrevious: true },
  );
  useLive([PATH]);
  const keep = useKeptSearch();
  const around = useListKeys<HTMLDivElement>();
  const change = (next: Partial<typeof filters>) => setFilters({ after: '', ...next });
  const older = read.data?.next_cursor ?? undefined;
  return (
    <Page title="Payments" sub="Of all merchants, newest first. Press / to find one by any id.">
      <FilterFields filters={filters} onChange={change} />
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
          {(filters.after !== '' || older !== undefined) && (
            <Pager
              onNewer={filters.after === '' ? undefined : () => setFilters({ after: '' })}
              onOlder={older === undefined ? undefined : () => setFilters({ after: older })}
            />
          )}
        </div>
      </Card>
    </Page>
  );
}

/** What the API could mean something by: half a currency would be refused. */
const AMOUNT = { valid: /^\d{1,12}$/, expected: 'Minor units: digits only.' };
const MEANT: {
  readonly [K in keyof PaymentFilters]?: { readonly valid: RegExp; readonly expected: string };
} = {
  currency: { valid: /^[A-Za-z]{3}$/, expected: 'Three letters.' },
  amount_from: AMOUNT,
  amount_to: AMOUNT,
};

function FilterFields(props: {
  readonly filters: PaymentFilters;
  readonly onChange: (change: Partial<PaymentFilters>) => void;
}) {
  const { filters, onChange } = props;
  const text = (name: keyof PaymentFilters, label: string, placeholder = 'any') => (
    <FilterField
      {...MEANT[name]}
      label={label}
      value={filters[name]}
      placeholder={placeholder}
      onText={(value) => onChange({ [name]: value })}
    />
  );
  const instant = (name: keyof PaymentFilters, label: string) => (
    <Field
      type="datetime-local"
      label={label}
      value={localOf(filters[name])}
      onText={(value) => onChange({ [name]: instantOf(value) })}
    />
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
      {text('amount_from', 'From amount', 'minor units')}
      {text('amount_to', 'To amount', 'minor units')}
      {instant('created_from', 'Created from')}
      {instant('created_before', 'Created before')}
      <Select
        label="Mode"
        value={filters.mode}
        options={[ANY, { value: 'test', label: 'test' }, { value: 'live', label: 'live' }]}
        onValue={(mode) => onChange({ mode })}
      />
      <Checkbox
        label="Needs attention"
        checked={filters.needs_attention === 'true'}
        onChecked={(checked) => onChange({ needs_attention: checked ? 'true' : '' })}
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
