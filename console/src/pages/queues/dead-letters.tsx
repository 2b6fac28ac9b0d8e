import { useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { type Answer, type Sent, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  type Confirmed,
  columnsOf,
  FilterField,
  given,
  Id,
  Notice,
  Page,
  Status,
  Time,
  useLive,
  useMay,
  useUrlState,
} from '../../kit/index.ts';
import { Filters, MerchantFilter, QueueTable } from './parts.tsx';

const PATH = '/v1/operator/queues/dead-letters';
type DeadLetter = Answer<typeof PATH>['data'][number];
type Resent = Sent<'/v1/operator/queues/dead-letters/replay'>;

const DEFAULTS = { of_merchant: '', endpoint: '', payment: '', after: '' };
const nameOf = ({ endpoint, event }: DeadLetter) => `${endpoint}/${event}`;

/** Events that a merchant's endpoint would not take, however often it was tried. Sent again, they begin anew. */
export function DeadLetters() {
  const [filters, setFilters] = useUrlState(DEFAULTS);
  const { of_merchant: merchant, endpoint, payment, after } = filters;
  const query = { limit: 50, ...given({ merchant, endpoint, payment, starting_after: after }) };
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true, refetchIntervalMs: 15_000 });
  useLive([PATH]);
  const [chosen, setChosen] = useState<readonly DeadLetter[]>([]);
  const [round, setRound] = useState(0);
  const [result, setResult] = useState<Resent>();
  const mayAct = useMay('act');
  const change = (next: Partial<typeof filters>) => setFilters({ after: '', ...next });
  const done = (resent: Resent) => {
    setResult(resent);
    setRound(round + 1);
  };
  return (
    <Page
      title="Webhook dead letters"
      sub="Given up after their last attempt. The merchant has not heard of these events by webhook."
    >
      <Filters>
        <MerchantFilter merchant={merchant} onMerchant={(text) => change({ of_merchant: text })} />
        <FilterField
          label="Endpoint"
          value={endpoint}
          placeholder="any"
          onText={(text) => change({ endpoint: text })}
        />
        <FilterField
          label="Payment"
          value={payment}
          placeholder="any"
          onText={(text) => change({ payment: text })}
        />
      </Filters>
      {result !== undefined && <Told result={result} onClose={() => setResult(undefined)} />}
      <QueueTable
        read={read}
        after={after}
        onAfter={(next) => setFilters({ after: next })}
        round={round}
        label="Dead letters, oldest first"
        columns={COLUMNS}
        rowId={nameOf}
        {...(mayAct && { onSelect: setChosen })}
        empty="Every event was delivered, or is still being tried."
      >
        {mayAct && <ResendBar letters={chosen} endpoint={endpoint} onDone={done} />}
      </QueueTable>
    </Page>
  );
}

function Told({ result, onClose }: { readonly result: Resent; readonly onClose: () => void }) {
  const wrong = result.data.filter(({ error }) => error !== null);
  return (
    <Notice
      tone={wrong.length === 0 ? 'good' : 'warn'}
      alert
      title={`${result.replayed} will be delivered again.`}
      actions={<Button onClick={onClose}>Close</Button>}
    >
      {wrong.map(({ endpoint, error }) => (
        <div key={endpoint}>
          <code>{endpoint}</code>: {error}
        </div>
      ))}
    </Notice>
  );
}

/** As it was when the dialog opened: rows that leave the list behind it take neither it nor what was typed away. */
interface Open {
  readonly title: string;
  readonly wanted:
    | { readonly endpoint: string }
    | { readonly deliveries: { readonly endpoint: string; readonly event: string }[] };
}

/** The chosen ones, or, where the list is of one endpoint, all of its. */
function ResendBar(props: {
  readonly letters: readonly DeadLetter[];
  readonly endpoint: string;
  readonly onDone: (resent: Resent) => void;
}) {
  const { letters, endpoint, onDone } = props;
  const [open, setOpen] = useState<Open>();
  const refresh = useRefresh();
  const resend = async ({ reason, key }: Confirmed) => {
    if (open === undefined) return;
    const params = { header: { 'Idempotency-Key': key } };
    const body = { ...open.wanted, reason };
    const resent = await answer(api.POST('/v1/operator/queues/dead-letters/replay', { params, body }));
    await refresh([PATH, '/v1/operator/queues']);
    onDone(resent);
  };
  const openChosen = () => {
    const deliveries = letters.map((each) => ({ endpoint: each.endpoint, event: each.event }));
    setOpen({ title: `Resend ${letters.length} events`, wanted: { deliveries } });
  };
  const openAll = () => setOpen({ title: 'Resend all of this endpoint', wanted: { endpoint } });
  return (
    <>
      {(letters.length > 0 || endpoint !== '') && (
        <section className="queue-bar" aria-label="Selected dead letters">
          {letters.length > 0 && (
            <Button kind="primary" onClick={openChosen}>
              Resend {letters.length} selected…
            </Button>
          )}
          {endpoint !== '' && <Button onClick={openAll}>Resend all of this endpoint…</Button>}
        </section>
      )}
      {open !== undefined && (
        <ActionDialog
          title={open.title}
          what="They are due now, each with all its attempts before it, in the order of their payments. What is delivered already is not sent twice."
          confirmLabel="Resend"
          onConfirm={resend}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

const column = columnsOf<DeadLetter>();
const COLUMNS = column.columns([
  column.accessor('type', {
    header: 'Event',
    cell: ({ row: { original } }) => (
      <span className="row">
        <Id value={original.event} short={original.type} href={`/payments/${original.payment}`} />
      </span>
    ),
  }),
  column.accessor('endpoint_url', {
    header: 'Endpoint',
    cell: ({ row: { original } }) => (
      <div className="why">
        {original.endpoint_url} {original.endpoint_status === 'disabled' && <Status value="disabled" />}
        <small>
          {original.merchant}, {original.mode} · <Id value={original.endpoint} />
        </small>
      </div>
    ),
  }),
  column.accessor('last_error', {
    header: 'Last answer',
    cell: ({ row: { original } }) => (
      <span>
        {original.last_error ??
          (original.last_status_code === null ? 'none' : `HTTP ${original.last_status_code}`)}
      </span>
    ),
  }),
  column.accessor('attempts', { header: 'Attempts', meta: { align: 'right' } }),
  column.accessor('created_at', {
    header: 'Event of',
    cell: ({ getValue }) => <Time at={getValue()} relative />,
  }),
]);
