import { useState } from 'react';
import { Link } from 'wouter';
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
  formatCount,
  Page,
  Slider,
  Status,
  useKeptSearch,
  useMay,
} from '../../kit/index.ts';
import { At, author, pointsText } from './parts.tsx';

const PATH = '/v1/routing/experiments';
type Experiment = Answer<typeof PATH>['data'][number];

/** Two versions, each deciding its share, until a sequential test can tell them apart. */
export default function Experiments() {
  const [isOpen, setOpen] = useState(false);
  const mayChange = useMay('change_policy');
  const read = useRead(PATH, { params: { query: { limit: 50 } } }, { refetchIntervalMs: 5_000 });
  return (
    <Page
      title="Experiments"
      sub="A version tried on a share of the payments beside the active one. The test's verdict holds at every look."
      actions={mayChange ? <Button onClick={() => setOpen(true)}>Start…</Button> : undefined}
    >
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <DataTable
          label="Experiments, newest first"
          columns={COLUMNS}
          rows={read.data?.data}
          rowId={(row) => row.id}
          empty="No experiment was ever run."
        />
      </Card>
      {isOpen && <Start onClose={() => setOpen(false)} />}
    </Page>
  );
}

function Start({ onClose }: { readonly onClose: () => void }) {
  const [treatment, setTreatment] = useState('');
  const [percent, setPercent] = useState(50);
  const [days, setDays] = useState('30');
  const refresh = useRefresh();
  const start = async ({ reason, key }: Confirmed) => {
    const body = { treatment: Number(treatment), percent, max_days: Number(days), reason };
    await answer(api.POST(PATH, { params: { header: { 'Idempotency-Key': key } }, body }));
    await refresh([PATH]);
  };
  return (
    <ActionDialog
      title="Start an experiment"
      what="The treatment decides its share of the payments from the next one on, and the active version the rest."
      ready={/^[1-9]\d*$/.test(treatment) && /^[1-9]\d*$/.test(days)}
      confirmLabel="Start"
      onConfirm={start}
      onClose={onClose}
    >
      <Field label="Version to try" inputMode="numeric" value={treatment} onText={setTreatment} />
      <Slider label="Its share" value={percent} min={1} max={50} shown={`${percent}%`} onValue={setPercent} />
      <Field label="Days at most" inputMode="numeric" value={days} onText={setDays} />
    </ActionDialog>
  );
}

function Stop({ of: experiment }: { readonly of: Experiment }) {
  const [isOpen, setOpen] = useState(false);
  const mayChange = useMay('change_policy');
  const refresh = useRefresh();
  // An open dialog outlasts what it is about: nobody's words are taken away while they type.
  if (!mayChange || (experiment.status !== 'running' && !isOpen)) return <span className="muted">–</span>;
  const stop = async ({ reason, key }: Confirmed) => {
    const params = { path: { id: experiment.id }, header: { 'Idempotency-Key': key } };
    await answer(api.POST('/v1/routing/experiments/{id}/stop', { params, body: { reason } }));
    await refresh([PATH]);
  };
  return (
    <>
      <Button kind="danger" onClick={() => setOpen(true)}>
        Stop…
      </Button>
      {isOpen && (
        <ActionDialog
          title="Stop this experiment"
          what="The active version decides every payment again. What was seen so far stays."
          danger
          confirmLabel="Stop"
          onConfirm={stop}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

function Arm({ arm }: { readonly arm: Experiment['control'] }) {
  const keep = useKeptSearch();
  const { version, attempts, successes } = arm;
  return (
    <span>
      <Link href={`/policies/${version}${keep}`}>version {version}</Link>{' '}
      <span className="muted num">
        {formatCount(successes)} of {formatCount(attempts)}
      </span>
    </span>
  );
}

const column = columnsOf<Experiment>();
const COLUMNS = column.columns([
  column.accessor('status', { header: 'Status', cell: ({ getValue }) => <Status value={getValue()} /> }),
  column.accessor('control', { header: 'Control', cell: ({ getValue }) => <Arm arm={getValue()} /> }),
  column.accessor('treatment', { header: 'Treatment', cell: ({ getValue }) => <Arm arm={getValue()} /> }),
  column.accessor('test', {
    header: 'Difference, points',
    cell: ({ getValue }) => {
      const test = getValue();
      if (test === null) return 'not looked yet';
      const { difference_ppm: difference, low_ppm: low, high_ppm: high } = test;
      return (
        <span className="num">
          {pointsText(difference)}{' '}
          <span className="muted">
            ({pointsText(low)} to {pointsText(high)})
          </span>
        </span>
      );
    },
  }),
  column.accessor('percent', {
    header: 'Share',
    meta: { align: 'right' },
    cell: ({ getValue }) => `${getValue()}%`,
  }),
  column.accessor('started_at', {
    header: 'Started',
    cell: ({ getValue, row: { original } }) => (
      <span>
        <At seconds={getValue()} relative /> by {author(original.actor)}
      </span>
    ),
  }),
  column.display({ id: 'act', header: 'Actions', cell: ({ row: { original } }) => <Stop of={original} /> }),
]);
