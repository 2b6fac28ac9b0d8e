import { useState } from 'react';
import { useLocation } from 'wouter';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  Card,
  type Confirmed,
  columnsOf,
  DataTable,
  ErrorBox,
  Field,
  FilterField,
  Id,
  Page,
  Select,
  Status,
  TextArea,
  useMay,
  useUrlState,
} from '../../kit/index.ts';
import { given } from '../queues/parts.tsx';
import { NewestFirst, parsedObject, ReadOnly } from './parts.tsx';

const PATH = '/v1/operator/accounts';
export type Account = Answer<typeof PATH>['data'][number];

const DEFAULTS = { of_merchant: '', after: '' };

export function Accounts() {
  const [{ of_merchant: merchant, after }, setFilters] = useUrlState(DEFAULTS);
  const may = useMay('configure');
  const [isOpen, setOpen] = useState(false);
  const query = { limit: 50, ...given({ merchant, starting_after: after }) };
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true });
  const rows = read.data?.data;
  return (
    <Page
      title="Provider accounts"
      sub="Where payments can be sent. Their secrets go in and never come out."
      actions={
        may && (
          <Button kind="primary" onClick={() => setOpen(true)}>
            New account
          </Button>
        )
      }
    >
      <ReadOnly may={may} />
      <search className="settings-filter" aria-label="Filters">
        <FilterField
          label="Merchant"
          value={merchant}
          placeholder="any"
          onText={(text) => setFilters({ of_merchant: text, after: '' })}
        />
      </search>
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <DataTable
          label="Provider accounts, newest first"
          columns={COLUMNS}
          rows={rows}
          rowId={({ id }) => id}
          rowHref={({ id }) => `/settings/accounts/${id}`}
          empty="There is no account like that."
        />
        <NewestFirst after={after} page={read.data} onAfter={(next) => setFilters({ after: next })} />
      </Card>
      {isOpen && <NewAccount merchant={merchant} onClose={() => setOpen(false)} />}
    </Page>
  );
}

/** Disabled at first: its secrets come next, and no payment shall be routed to it before. */
function NewAccount(props: { readonly merchant: string; readonly onClose: () => void }) {
  const forms = useRead('/v1/operator/providers').data?.data ?? [];
  const [, navigate] = useLocation();
  const refresh = useRefresh();
  const [merchant, setMerchant] = useState(props.merchant);
  const [mode, setMode] = useState<'test' | 'live'>('test');
  const [chosen, setProvider] = useState('');
  const [baseUrl, setBaseUrl] = useState('');
  const [settings, setSettings] = useState('');
  const provider = chosen || (forms[0]?.provider ?? '');
  const needed = forms
    .find((form) => form.provider === provider)
    ?.settings.filter(({ required }) => required);
  const parsed = parsedObject(settings);
  const make = async ({ key, reason }: Confirmed) => {
    const body = { merchant: merchant.trim(), mode, provider, base_url: baseUrl.trim(), reason };
    const params = { header: { 'Idempotency-Key': key } };
    const made = await answer(
      api.POST(PATH, {
        params,
        // The API judges what stands in the settings.
        body: { ...body, settings: (parsed ?? {}) as never, enabled: false, catalogue: {} },
      }),
    );
    await refresh([PATH]);
    navigate(`/settings/accounts/${made.id}`);
  };
  return (
    <ActionDialog
      title="New provider account"
      what="It begins disabled. Its secrets are set on its own page."
      ready={merchant.trim() !== '' && baseUrl.trim() !== '' && parsed !== undefined && provider !== ''}
      confirmLabel="Make the account"
      onConfirm={make}
      onClose={props.onClose}
    >
      <Field label="Merchant" placeholder="mer_…" value={merchant} required onText={setMerchant} />
      <div className="grid-2">
        <Select
          label="Provider"
          value={provider}
          options={forms.map((form) => ({ value: form.provider, label: form.provider }))}
          onValue={setProvider}
        />
        <Select
          label="Mode"
          value={mode}
          options={[
            { value: 'test', label: 'test' },
            { value: 'live', label: 'live: real money' },
          ]}
          onValue={(value) => setMode(value === 'live' ? 'live' : 'test')}
        />
      </div>
      <Field
        label="Address"
        type="url"
        placeholder="https://…"
        value={baseUrl}
        required
        onText={setBaseUrl}
      />
      <TextArea
        label="Settings"
        hint={
          needed === undefined || needed.length === 0
            ? 'JSON; may stay empty for this provider.'
            : `JSON; this provider needs ${needed.map(({ name }) => name).join(', ')}.`
        }
        value={settings}
        {...(parsed === undefined ? { wrong: 'This is no JSON object.' } : {})}
        onText={setSettings}
      />
    </ActionDialog>
  );
}

/** How complete an account's secrets are, in words. */
export function secretsOf({ secrets }: Pick<Account, 'secrets'>): string {
  const missing = secrets.filter(({ required, source }) => required && source === null);
  return missing.length === 0 ? 'complete' : `${missing.map(({ name }) => name).join(', ')} missing`;
}

const column = columnsOf<Account>();
const COLUMNS = column.columns([
  column.accessor('id', {
    header: 'Account',
    cell: ({ getValue }) => <Id value={getValue()} href={`/settings/accounts/${getValue()}`} />,
  }),
  column.accessor('provider', { header: 'Provider' }),
  column.accessor('merchant', { header: 'Merchant', cell: ({ getValue }) => <Id value={getValue()} /> }),
  column.accessor('mode', { header: 'Mode', cell: ({ getValue }) => <Status value={getValue()} /> }),
  column.accessor('enabled', {
    header: 'State',
    cell: ({ getValue }) => <Status value={getValue() ? 'enabled' : 'disabled'} />,
  }),
  column.display({ id: 'secrets', header: 'Secrets', cell: ({ row: { original } }) => secretsOf(original) }),
]);
