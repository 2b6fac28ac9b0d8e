import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  type Confirmed,
  columnsOf,
  Id,
  Select,
  Status,
  useMay,
} from '../../kit/index.ts';
import { DeliveriesDialog } from './deliveries-dialog.tsx';
import { NewEndpoint } from './new-endpoint.tsx';
import { SettingsList, shortOf, type Told, ToldOnce, useMerchantList } from './parts.tsx';

const PATH = '/v1/operator/endpoints';
export type Endpoint = Answer<typeof PATH>['data'][number];
type Open = { readonly act: 'toggle' | 'rotate' | 'deliveries'; readonly endpoint: Endpoint };

export function Endpoints() {
  const { query, list } = useMerchantList();
  const may = useMay('configure');
  const [open, setOpen] = useState<Open | 'new'>();
  const columns = useMemo(() => [...COLUMNS, actColumn(may, setOpen)], [may]);
  const [told, setTold] = useState<Told>();
  const close = () => setOpen(undefined);
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true, refetchIntervalMs: 15_000 });
  return (
    <SettingsList
      title="Webhook endpoints"
      sub="Where merchants hear of events, and how far behind each is."
      may={may}
      newLabel="New endpoint"
      onNew={() => setOpen('new')}
      {...list}
      read={read}
      label="Webhook endpoints, newest first"
      columns={columns}
      empty="There is no endpoint like that."
    >
      {open === 'new' && <NewEndpoint onTold={setTold} onClose={close} />}
      {open !== undefined && open !== 'new' && <Acts open={open} onTold={setTold} onClose={close} />}
      {told !== undefined && <ToldOnce told={told} onClose={() => setTold(undefined)} />}
    </SettingsList>
  );
}

function Acts(props: {
  readonly open: Open;
  readonly onTold: (told: Told) => void;
  readonly onClose: () => void;
}) {
  const { act, endpoint } = props.open;
  const { onTold, onClose } = props;
  const refresh = useRefresh();
  const [hours, setHours] = useState('24');
  const paramsOf = ({ key }: Confirmed) => ({
    header: { 'Idempotency-Key': key },
    path: { id: endpoint.id },
  });
  const isOn = endpoint.status === 'enabled';
  const toggle = async (confirmed: Confirmed) => {
    const body = { status: isOn ? ('disabled' as const) : ('enabled' as const), reason: confirmed.reason };
    await answer(api.POST(`${PATH}/{id}`, { params: paramsOf(confirmed), body }));
    await refresh([PATH]);
  };
  const rotate = async (confirmed: Confirmed) => {
    const body = { expires_in_seconds: Number(hours) * 3_600, reason: confirmed.reason };
    const made = await answer(api.POST(`${PATH}/{id}/rotate-secret`, { params: paramsOf(confirmed), body }));
    onTold({
      title: 'The new signing secret',
      value: made.secret,
      lost: 'Whoever loses it rotates once more.',
    });
  };
  if (act === 'deliveries') return <DeliveriesDialog endpoint={endpoint} onClose={onClose} />;
  if (act === 'toggle')
    return (
      <ActionDialog
        title={`${isOn ? 'Disable' : 'Enable'} this endpoint`}
        what={
          isOn
            ? `Nothing is sent to ${endpoint.url} any more. Its events wait, and its merchant sees the reason.`
            : 'What has waited is sent now, in its order.'
        }
        danger={isOn}
        confirmLabel={isOn ? 'Disable' : 'Enable'}
        onConfirm={toggle}
        onClose={onClose}
      />
    );
  return (
    <ActionDialog
      title="Rotate the signing secret"
      what="Webhooks are signed with both secrets until the old one’s time is over."
      confirmLabel="Rotate"
      onConfirm={rotate}
      onClose={onClose}
    >
      <Select
        label="The old secret signs for"
        value={hours}
        options={['0', '1', '24', '168'].map((value) => ({
          value,
          label: value === '0' ? 'no longer' : `${value} h`,
        }))}
        onValue={setHours}
      />
    </ActionDialog>
  );
}

const column = columnsOf<Endpoint>();
const COLUMNS = column.columns([
  column.accessor('url', {
    header: 'Endpoint',
    cell: ({ row: { original } }) => <Id value={original.id} short={original.url} />,
  }),
  column.accessor('merchant', {
    header: 'Merchant',
    cell: ({ getValue }) => <Id value={getValue()} short={shortOf(getValue())} />,
  }),
  column.accessor('livemode', {
    header: 'Mode',
    cell: ({ getValue }) => <Status value={getValue() ? 'live' : 'test'} />,
  }),
  column.accessor('status', {
    header: 'State',
    cell: ({ row: { original } }) => (
      <>
        <Status value={original.status} /> <span className="muted">{original.disabled_reason ?? ''}</span>
      </>
    ),
  }),
  column.accessor('pending', { header: 'Pending', meta: { align: 'right' } }),
  column.accessor('dead', {
    header: 'Given up',
    meta: { align: 'right' },
    cell: ({ row: { original } }) =>
      original.dead === 0 ? (
        0
      ) : (
        <Link href={`/queues/webhooks?endpoint=${original.id}`}>{original.dead}</Link>
      ),
  }),
]);

function actColumn(may: boolean, onOpen: (open: Open) => void) {
  return column.display({
    id: 'act',
    header: () => <span className="hidden-text">Act</span>,
    cell: ({ row: { original: endpoint } }) => (
      <span className="row settings-acts">
        <Button
          aria-label={`Deliveries to ${endpoint.url}`}
          onClick={() => onOpen({ act: 'deliveries', endpoint })}
        >
          Deliveries
        </Button>
        {may && (
          <>
            <Button
              aria-label={`Rotate the secret of ${endpoint.url}`}
              onClick={() => onOpen({ act: 'rotate', endpoint })}
            >
              Rotate
            </Button>
            <Button
              aria-label={`${endpoint.status === 'enabled' ? 'Disable' : 'Enable'} ${endpoint.url}`}
              onClick={() => onOpen({ act: 'toggle', endpoint })}
            >
              {endpoint.status === 'enabled' ? 'Disable' : 'Enable'}
            </Button>
          </>
        )}
      </span>
    ),
  });
}
