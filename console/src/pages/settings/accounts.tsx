import { useState } from 'react';
import { useLocation } from 'wouter';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  type Confirmed,
  columnsOf,
  Field,
  Id,
  Select,
  Status,
  TextArea,
  useMay,
  useMerchant,
} from '../../kit/index.ts';
import { parsedObject, SettingsList, useMerchantList } from './parts.tsx';

const PATH = '/v1/operator/accounts';
export type Account = Answer<typeof PATH>['data'][number];

export function Accounts() {
  const { merchant, query, list } = useMerchantList();
  const may = useMay('configure');
  const [isOpen, setOpen] = useState(false);
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true });
  return (
    <SettingsList
      title="Provider accounts"
      sub="Where payments can be sent. Their secrets go in and never come out."
      may={may}
      newLabel="New account"
      onNew={() => setOpen(true)}
      {...list}
      read={read}
      label="Provider accounts, newest first"
      columns={COLUMNS}
      rowHref={({ id }) => `/settings/accounts/${id}`}
      empty="There is no account like that."
    >
      {isOpen && <NewAccount merchant={merchant} onClose={() => setOpen(false)} />}
    </SettingsList>
  );
}

/** Disabled at first: its secrets come next, and no payment shall be routed to it before. */
function NewAccount(props: { readonly merchant: string; readonly onClose: () => void }) {
  const forms = useRead('/v1/operator/providers').data?.data ?? [];
  const [, navigate] = useLocation();
  const refresh = useRefresh();
  const { merchantId = '' } = useMerchant();
  const [merchant, setMerchant] = useState(props.merchant || merchantId);
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
