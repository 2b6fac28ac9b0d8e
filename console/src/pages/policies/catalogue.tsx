import { type Answer, useRead } from '../../api/query.ts';
import {
  Card,
  columnsOf,
  DataTable,
  ErrorBox,
  Facts,
  formatMoney,
  Id,
  Page,
  Skeleton,
} from '../../kit/index.ts';
import { ppmText } from './parts.tsx';

const PATH = '/v1/routing/catalogue';
type Entry = Answer<typeof PATH>['accounts'][string];
type Scope = Entry['currencies'];

/** What is known of each account: what it takes, and what it costs. Decisions name the catalogue that they used. */
export default function Catalogue() {
  const read = useRead(PATH);
  return (
    <Page
      title="Catalogue"
      sub={
        read.data === undefined ? (
          'What each account can take, and its fees.'
        ) : (
          <Id value={read.data.id} short={`${read.data.id.slice(0, 16)}…`} />
        )
      }
    >
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      {read.data === undefined ? (
        <Skeleton heightPx={320} />
      ) : (
        Object.entries(read.data.accounts).map(([account, entry]) => (
          <Card key={account} title={account}>
            <Known entry={entry} />
          </Card>
        ))
      )}
    </Page>
  );
}

function Known({ entry }: { readonly entry: Entry }) {
  const { countries, connector, payout, licences } = entry;
  return (
    <div className="stack">
      <Facts
        facts={[
          ['Currencies', scopeText(entry.currencies)],
          ['Buyers in', scopeText(countries.buyer)],
          ['Cards of', scopeText(countries.issuer)],
          [
            'Methods',
            entry.methods.map(({ method, brands }) => `${method}: ${scopeText(brands)}`).join('; '),
          ],
          ['Tickets', ticketsText(entry.tickets)],
          ['A day', limitsText(entry.dailyLimitsMinor)],
          ['Categories', scopeText(licences.categories)],
          ['Merchants in', scopeText(licences.merchantCountries)],
          ['Payout', `${payout.cycle}, ${payout.delayDays} business days after the capture`],
          [
            'Connector',
            `${connector.active} of ${connector.versions.map(({ version }) => version).join(', ')}`,
          ],
          ['Source', entry.source],
        ]}
      />
      <Fees of={entry.fees} />
    </div>
  );
}

interface Price {
  readonly part: string;
  readonly text: string;
  readonly when: string;
}

/** Every line of the price list; of each part the first that fits a card counts. */
function Fees({ of: fees }: { readonly of: Entry['fees'] }) {
  const parts = [
    ...fees.own.map((line) => ({ part: `own price, ${line.model.replaceAll('_', ' ')}`, line })),
    ...fees.interchange.map((line) => ({ part: 'interchange', line })),
    ...fees.scheme.map((line) => ({ part: 'scheme', line })),
  ];
  const rows: readonly Price[] = parts.map(({ part, line }, index) => ({
    part: `${index + 1}. ${part}`,
    text: [ppmText(line.ppm), ...Object.entries(line.fixed ?? {}).map(fixedText)].join(' + '),
    when: whenText(line.when),
  }));
  return (
    <DataTable label="Fees" columns={FEES} rows={rows} rowId={(row) => row.part} empty="No fee is known." />
  );
}

function fixedText([currency, minor]: readonly [string, number]): string {
  return `${formatMoney(minor, currency)} ${currency}`;
}

function whenText(when: Entry['fees']['scheme'][number]['when']): string {
  const told = Object.values(when ?? {}).map((values) => values.join(' or '));
  return told.length === 0 ? 'every card' : told.join(', ');
}

const column = columnsOf<Price>();
const FEES = column.columns([
  column.accessor('part', { header: 'Part' }),
  column.accessor('text', { header: 'Price', meta: { align: 'right' } }),
  column.accessor('when', { header: 'For' }),
]);

const NONE_LISTED = 'all';

function scopeText({ only, except }: Scope): string {
  if (only !== undefined) return listText(only);
  return except === undefined || except.length === 0 ? NONE_LISTED : `all but ${listText(except)}`;
}

const SHOWN = 40;

function listText(values: readonly string[]): string {
  if (values.length === 0) return 'none';
  const rest = values.length - SHOWN;
  return `${values.slice(0, SHOWN).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function ticketsText(tickets: Entry['tickets']): string | null {
  const told = Object.entries(tickets).map(([currency, { minMinor, maxMinor }]) => {
    const from = minMinor === undefined ? '' : `from ${formatMoney(minMinor, currency)} `;
    const to = maxMinor === undefined ? '' : `to ${formatMoney(maxMinor, currency)} `;
    return `${from}${to}${currency}`;
  });
  return told.length === 0 ? null : told.join('; ');
}

function limitsText(limits: Entry['dailyLimitsMinor']): string | null {
  const told = Object.entries(limits).map(
    ([currency, minor]) => `${formatMoney(minor, currency)} ${currency}`,
  );
  return told.length === 0 ? null : `at most ${told.join(', ')}`;
}
