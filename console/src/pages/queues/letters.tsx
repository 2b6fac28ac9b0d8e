import { type Answer, useRead } from '../../api/query.ts';
import { columnsOf, FilterField, given, Id, Page, Time, useLive, useUrlState } from '../../kit/index.ts';
import { pageOf } from './exceptions.tsx';
import { Filters, MerchantFilter, Person, QueueTable } from './parts.tsx';

const PATH = '/v1/operator/queues/letters';
type Letter = Answer<typeof PATH>['data'][number];

const DEFAULTS = { of_merchant: '', account: '', after: '' };

/** Webhooks of providers, verified, that match nothing done here: somebody did something at the provider by hand. */
export function Letters() {
  const [filters, setFilters] = useUrlState(DEFAULTS);
  const { of_merchant: merchant, account, after } = filters;
  const query = { limit: 50, ...given({ merchant, account, starting_after: after }) };
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true, refetchIntervalMs: 15_000 });
  useLive([PATH]);
  return (
    <Page
      title="Unplaced letters"
      sub="Providers' verified webhooks that match nothing done here. Link each to what it was about, or say that nothing follows."
    >
      <Filters>
        <MerchantFilter
          merchant={merchant}
          onMerchant={(text) => setFilters({ of_merchant: text, after: '' })}
        />
        <FilterField
          label="Provider account"
          value={account}
          placeholder="any"
          onText={(text) => setFilters({ account: text, after: '' })}
        />
      </Filters>
      <QueueTable
        read={read}
        after={after}
        onAfter={(next) => setFilters({ after: next })}
        label="Unplaced letters, oldest first"
        columns={COLUMNS}
        rowId={({ exception }) => exception}
        rowHref={({ exception }) => pageOf(exception)}
        empty="Every webhook found what it is about."
      />
    </Page>
  );
}

const column = columnsOf<Letter>();
const COLUMNS = column.columns([
  column.accessor('type', {
    header: 'Letter',
    cell: ({ row: { original } }) => (
      <Id
        value={original.exception}
        short={`${original.provider}: ${original.type}`}
        href={pageOf(original.exception)}
      />
    ),
  }),
  column.accessor('reference', {
    header: 'About',
    cell: ({ row: { original } }) => original.reference ?? original.provider_reference ?? 'no reference',
  }),
  column.accessor('account', { header: 'Account', cell: ({ getValue }) => <Id value={getValue()} /> }),
  column.accessor('merchant', { header: 'Merchant', cell: ({ getValue }) => getValue() ?? '–' }),
  column.accessor('received_at', {
    header: 'Received',
    cell: ({ getValue }) => <Time at={getValue()} relative />,
  }),
  column.accessor('owner', { header: 'Owner', cell: ({ getValue }) => <Person id={getValue()} /> }),
]);
