import { useMemo, useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  type Confirmed,
  columnsOf,
  Field,
  Id,
  Select,
  Status,
  Time,
  useMay,
  useMerchant,
} from '../../kit/index.ts';
import { SettingsList, type Told, ToldOnce, useMerchantList } from './parts.tsx';

const PATH = '/v1/operator/keys';
type Key = Answer<typeof PATH>['data'][number];

export function Keys() {
  const { merchant, query, list } = useMerchantList();
  const may = useMay('configure');
  const refresh = useRefresh();
  const [open, setOpen] = useState<Key | 'new'>();
  const [told, setTold] = useState<Told>();
  const columns = useMemo(() => (may ? [...COLUMNS, revokeColumn(setOpen)] : COLUMNS), [may]);
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true });
  const revoke = async (id: string, { key, reason }: Confirmed) => {
    const params = { header: { 'Idempotency-Key': key }, path: { id } };
    await answer(api.POST(`${PATH}/{id}/revoke`, { params, body: { reason } }));
    await refresh([PATH]);
  };
  return (
    <SettingsList
      title="API keys"
      sub="A key is told once, when it is made. Only a digest of it is kept."
      may={may}
      newLabel="New key"
      onNew={() => setOpen('new')}
      {...list}
      read={read}
      label="API keys, newest first"
      columns={columns}
      empty="There is no key like that."
    >
      {open === 'new' && <NewKey merchant={merchant} onTold={setTold} onClose={() => setOpen(undefined)} />}
      {open !== undefined && open !== 'new' && (
        <ActionDialog
          title={`Revoke ${open.name}`}
          what={`Whoever still uses the key that ends in ${open.last4 ?? '…'} is refused within two seconds. This can’t be undone.`}
          danger
          confirmWord="revoke"
          confirmLabel="Revoke"
          onConfirm={(confirmed) => revoke(open.id, confirmed)}
          onClose={() => setOpen(undefined)}
        />
      )}
      {told !== undefined && <ToldOnce told={told} onClose={() => setTold(undefined)} />}
    </SettingsList>
  );
}

function NewKey(props: {
  readonly merchant: string;
  readonly onTold: (told: Told) => void;
  readonly onClose: () => void;
}) {
  const { merchantId = '' } = useMerchant();
  const [merchant, setMerchant] = useState(props.merchant || merchantId);
  const [mode, setMode] = useState<'test' | 'live'>('test');
  const [name, setName] = useState('');
  const refresh = useRefresh();
  const make = async ({ key, reason }: Confirmed) => {
    const params = { header: { 'Idempotency-Key': key } };
    const made = await answer(
      api.POST(PATH, { params, body: { merchant: merchant.trim(), mode, name, reason } }),
    );
    await refresh([PATH]);
    props.onTold({
      title: `The key of ${made.name}`,
      value: made.key,
      lost: 'Whoever loses it makes another one and revokes this one.',
    });
  };
  return (
    <ActionDialog
      title="New API key"
      what="With it somebody pays and refunds as the merchant does."
      ready={merchant.trim() !== '' && name.trim() !== ''}
      confirmLabel="Make the key"
      onConfirm={make}
      onClose={props.onClose}
    >
      <Field label="Merchant" placeholder="mer_…" value={merchant} required onText={setMerchant} />
      <Select
        label="Mode"
        value={mode}
        options={[
          { value: 'test', label: 'test' },
          { value: 'live', label: 'live: real money' },
        ]}
        onValue={(value) => setMode(value === 'live' ? 'live' : 'test')}
      />
      <Field label="Name" hint="Who uses it." value={name} maxLength={100} required onText={setName} />
    </ActionDialog>
  );
}

const column = columnsOf<Key>();
const COLUMNS = column.columns([
  column.accessor('name', { header: 'Name' }),
  column.accessor('last4', {
    header: 'Key',
    cell: ({ row: { original } }) => (
      <code className="nowrap">
        sk_{original.mode}_…{original.last4 ?? ''}
      </code>
    ),
  }),
  column.accessor('merchant', { header: 'Merchant', cell: ({ getValue }) => <Id value={getValue()} /> }),
  column.accessor('mode', { header: 'Mode', cell: ({ getValue }) => <Status value={getValue()} /> }),
  column.accessor('created_at', {
    header: 'Made',
    cell: ({ getValue }) => <Time at={getValue()} relative />,
  }),
  column.accessor('revoked_at', {
    header: 'State',
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? (
        <Status value="active" />
      ) : (
        <>
          <Status value="revoked" /> <Time at={at} relative />
        </>
      );
    },
  }),
]);

function revokeColumn(onRevoke: (key: Key) => void) {
  return column.display({
    id: 'revoke',
    header: () => <span className="hidden-text">Act</span>,
    cell: ({ row: { original } }) =>
      original.revoked_at === null && (
        <Button aria-label={`Revoke ${original.name}`} onClick={() => onRevoke(original)}>
          Revoke
        </Button>
      ),
  });
}
