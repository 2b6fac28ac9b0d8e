import { createContext, useContext, useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  type Confirmed,
  columnsOf,
  given,
  Id,
  Money,
  Page,
  Time,
  useLive,
  useMay,
  useUrlState,
} from '../../kit/index.ts';
import { Due, Filters, MerchantFilter, QueueTable } from './parts.tsx';

const PATH = '/v1/operator/queues/reviews';
type Held = Answer<typeof PATH>['data'][number];

const DEFAULTS = { of_merchant: '', after: '' };

/** Payments that their policy holds back until a person has looked. Nothing of them was sent to anybody. */
export function Reviews() {
  const [filters, setFilters] = useUrlState(DEFAULTS);
  const { of_merchant: merchant, after } = filters;
  const query = { limit: 50, ...given({ merchant, starting_after: after }) };
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true, refetchIntervalMs: 10_000 });
  useLive([PATH]);
  const [opened, setOpened] = useState<Opened>();
  return (
    <Page
      title="Reviews"
      sub="Held back by a routing policy's requirement. Nothing was sent so far: release them, or cancel them."
    >
      <Filters>
        <MerchantFilter
          merchant={merchant}
          onMerchant={(text) => setFilters({ of_merchant: text, after: '' })}
        />
      </Filters>
      <OpenContext value={setOpened}>
        <QueueTable
          read={read}
          after={after}
          onAfter={(next) => setFilters({ after: next })}
          label="Payments held for a review, oldest first"
          columns={COLUMNS}
          rowId={({ payment }) => payment}
          rowHref={({ payment }) => `/payments/${payment}`}
          cursorOf={({ exception }) => exception}
          empty="No payment waits for a review."
        />
      </OpenContext>
      {opened !== undefined && <Decide {...opened} onClose={() => setOpened(undefined)} />}
    </Page>
  );
}

const column = columnsOf<Held>();
const COLUMNS = column.columns([
  column.accessor('payment', {
    header: 'Payment',
    cell: ({ getValue, row: { original } }) => (
      <Id
        value={getValue()}
        short={original.reference ?? `${getValue().slice(0, 12)}…`}
        href={`/payments/${getValue()}`}
      />
    ),
  }),
  column.accessor('amount', {
    header: 'Amount',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => <Money minor={original.amount} currency={original.currency} />,
  }),
  column.accessor('merchant', {
    header: 'Merchant',
    cell: ({ row: { original } }) => `${original.merchant}, ${original.mode}`,
  }),
  column.accessor('summary', {
    header: 'Why',
    cell: ({ getValue }) => <div className="why">{getValue()}</div>,
  }),
  column.accessor('held_since', {
    header: 'Since',
    cell: ({ getValue }) => <Time at={getValue()} relative />,
  }),
  column.accessor('due_at', {
    header: 'Clock',
    cell: ({ getValue }) => <Due at={getValue()} />,
  }),
  column.display({
    id: 'act',
    header: 'Actions',
    cell: ({ row: { original } }) => <Actions of={original} />,
  }),
]);

interface Opened {
  readonly act: 'release' | 'cancel';
  readonly held: Held;
}

const OpenContext = createContext<(opened: Opened) => void>(() => undefined);

function Actions({ of: held }: { readonly of: Held }) {
  const open = useContext(OpenContext);
  const mayAct = useMay('act');
  if (!mayAct) return <span className="muted">–</span>;
  return (
    <div className="row">
      <Button kind="primary" onClick={() => open({ act: 'release', held })}>
        Release…
      </Button>
      <Button kind="danger" onClick={() => open({ act: 'cancel', held })}>
        Cancel…
      </Button>
    </div>
  );
}

/** The page's, not the row's: the row goes away as soon as somebody else has decided, and what is being typed must not. */
function Decide({ act, held, onClose }: Opened & { readonly onClose: () => void }) {
  const refresh = useRefresh();
  const isRelease = act === 'release';
  const tell = async ({ reason, key }: Confirmed) => {
    const init = {
      params: { path: { id: held.payment }, header: { 'Idempotency-Key': key } },
      body: { reason },
    };
    if (isRelease) await answer(api.POST('/v1/operator/payments/{id}/release', init));
    else await answer(api.POST('/v1/operator/payments/{id}/cancel', init));
    await refresh([PATH, '/v1/operator/queues']);
  };
  return (
    <ActionDialog
      title={isRelease ? 'Release this payment' : 'Cancel this payment'}
      what={
        isRelease
          ? 'It is routed anew and sent to a provider, and the payer is charged.'
          : 'It ends here; nobody was charged.'
      }
      danger={!isRelease}
      confirmLabel={isRelease ? 'Release' : 'Cancel the payment'}
      onConfirm={tell}
      onClose={onClose}
    />
  );
}
