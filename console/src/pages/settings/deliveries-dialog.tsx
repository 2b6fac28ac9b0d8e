import { useState } from 'react';
import { answer, api, newKey } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import { Button, columnsOf, DataTable, Dialog, ErrorBox, Id, Status, Time, useMay } from '../../kit/index.ts';
import type { Endpoint } from './endpoints.tsx';

const PATH = '/v1/webhook_endpoints/{id}/deliveries';
type Delivery = Answer<typeof PATH>['data'][number];

/** The latest deliveries to one endpoint. Sending one again is also how an endpoint is tried out. */
export function DeliveriesDialog({
  endpoint,
  onClose,
}: {
  readonly endpoint: Endpoint;
  readonly onClose: () => void;
}) {
  const headers = { 'Interlock-Merchant': `${endpoint.merchant}/${endpoint.livemode ? 'live' : 'test'}` };
  const may = useMay('act');
  const refresh = useRefresh();
  const [problem, setProblem] = useState<unknown>();
  const params = { path: { id: endpoint.id }, query: { limit: 20 } };
  const read = useRead(PATH, { params, headers }, { refetchIntervalMs: 2_000 });
  const again = async (event: string) => {
    setProblem(undefined);
    try {
      await answer(
        api.POST('/v1/webhook_endpoints/{id}/deliveries/{event}/replay', {
          params: { header: { 'Idempotency-Key': newKey() }, path: { id: endpoint.id, event } },
          headers,
          body: {},
        }),
      );
      await refresh([PATH]);
    } catch (error) {
      setProblem(error);
    }
  };
  const failure = problem ?? read.error;
  return (
    <Dialog title={`Deliveries to ${endpoint.url}`} onClose={onClose}>
      {failure !== null && failure !== undefined && <ErrorBox problem={failure} />}
      <DataTable
        label="Deliveries, newest first"
        columns={may ? [...COLUMNS, againColumn(again)] : COLUMNS}
        rows={read.data?.data}
        rowId={({ event }) => event}
        empty="Nothing was sent to it so far."
      />
      <div className="actions">
        <Button onClick={onClose}>Close</Button>
      </div>
    </Dialog>
  );
}

const column = columnsOf<Delivery>();
const COLUMNS = column.columns([
  column.accessor('type', {
    header: 'Event',
    cell: ({ row: { original } }) => <Id value={original.event} short={original.type} />,
  }),
  column.accessor('payment', {
    header: 'Payment',
    cell: ({ getValue }) => (
      <Id value={getValue()} short={`${getValue().slice(0, 10)}…`} href={`/payments/${getValue()}`} />
    ),
  }),
  column.accessor('status', { header: 'State', cell: ({ getValue }) => <Status value={getValue()} /> }),
  column.accessor('last_status_code', {
    header: 'Answer',
    cell: ({ row: { original } }) => original.last_status_code ?? original.last_error ?? '–',
  }),
  column.accessor('created', {
    header: 'Since',
    cell: ({ getValue }) => <Time at={new Date(getValue() * 1_000).toISOString()} relative />,
  }),
]);

function againColumn(onAgain: (event: string) => Promise<void>) {
  return column.display({
    id: 'again',
    header: () => <span className="hidden-text">Act</span>,
    cell: ({ row: { original } }) => (
      <Button aria-label={`Send ${original.event} again`} onClick={() => void onAgain(original.event)}>
        Send again
      </Button>
    ),
  });
}
