import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { answer, api, newKey } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  Button,
  Card,
  columnsOf,
  DataTable,
  ErrorBox,
  Field,
  Page,
  Select,
  Status,
  useKeptSearch,
  useMay,
} from '../../kit/index.ts';
import { readText } from './backtest-words.ts';
import { At, pointsText } from './parts.tsx';

const PATH = '/v1/routing/backtests';
export type Backtest = Answer<typeof PATH>['data'][number];

/** Versions held against the merchant's own past payments. A back-test goes on by itself, whoever looks. */
export default function Backtests() {
  const keep = useKeptSearch();
  const mayDraft = useMay('draft_policy');
  const read = useRead(PATH, { params: { query: { limit: 50 } } }, { refetchIntervalMs: 5_000 });
  return (
    <Page
      title="Back-tests"
      sub="What a version would have come to on past payments, with bounds that hold the truth in 95 of 100 cases."
    >
      {mayDraft && <Start />}
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <DataTable
          label="Back-tests, newest first"
          columns={COLUMNS}
          rows={read.data?.data}
          rowId={(row) => row.id}
          rowHref={(row) => `/policies/backtests/${row.id}${keep}`}
          empty="No back-test was ever started."
        />
      </Card>
    </Page>
  );
}

const SPANS = [7, 30, 90, 365] as const;

function Start() {
  const versions = useRead('/v1/routing/policies', { params: { query: { limit: 100 } } });
  const [version, setVersion] = useState('');
  const [days, setDays] = useState('90');
  const [to, setTo] = useState('');
  const [key, setKey] = useState(newKey);
  const [problem, setProblem] = useState<unknown>();
  const [, navigate] = useLocation();
  const keep = useKeptSearch();
  const refresh = useRefresh();
  const offered = versions.data?.data ?? [];
  const chosen = version === '' ? offered[0]?.version : Number(version);
  const start = async () => {
    if (chosen === undefined) return;
    setProblem(undefined);
    try {
      const end = to === '' ? Date.now() : Date.parse(to);
      const from = new Date(end - Number(days) * 86_400_000).toISOString();
      const body = { version: chosen, from, ...(to === '' ? {} : { to: new Date(end).toISOString() }) };
      const params = { header: { 'Idempotency-Key': key } };
      const begun = await answer(api.POST(PATH, { params, body }));
      await refresh([PATH]);
      navigate(`/policies/backtests/${begun.id}${keep}`);
    } catch (error) {
      setProblem(error);
      setKey(newKey());
    }
  };
  return (
    <Card title="Start one">
      <div className="stack">
        <div className="facts-form">
          <Select
            label="Version"
            value={chosen === undefined ? '' : String(chosen)}
            options={offered.map((policy) => ({
              value: String(policy.version),
              label: `${policy.version} · ${policy.name} (${policy.status})`,
            }))}
            onValue={setVersion}
          />
          <Select
            label="Payments of"
            value={days}
            options={SPANS.map((span) => ({ value: String(span), label: `${span} days` }))}
            onValue={setDays}
          />
          <Field label="Until" hint="Empty: now." type="date" value={to} onText={setTo} />
          <Button kind="primary" disabled={chosen === undefined} onClick={() => void start()}>
            Start
          </Button>
        </div>
        {problem !== undefined && <ErrorBox problem={problem} />}
      </div>
    </Card>
  );
}

function BacktestLink({ of: backtest }: { readonly of: Backtest }) {
  const keep = useKeptSearch();
  return (
    <Link href={`/policies/backtests/${backtest.id}${keep}`}>
      {backtest.version === null ? 'an unsaved text' : `version ${backtest.version}`}
    </Link>
  );
}

const column = columnsOf<Backtest>();
const COLUMNS = column.columns([
  column.accessor('version', {
    header: 'Of',
    cell: ({ row: { original } }) => <BacktestLink of={original} />,
  }),
  column.accessor('status', { header: 'Status', cell: ({ getValue }) => <Status value={getValue()} /> }),
  column.accessor('progress', {
    header: 'Read',
    meta: { align: 'right' },
    cell: ({ getValue }) => readText(getValue()),
  }),
  column.accessor('result', {
    header: 'Success, change in points',
    meta: { align: 'right' },
    cell: ({ getValue }) => {
      const change = getValue()?.success?.change_ppm.expected;
      return <span className="num">{change === undefined ? '–' : pointsText(change)}</span>;
    },
  }),
  column.accessor('from', { header: 'From', cell: ({ getValue }) => <At seconds={getValue()} /> }),
  column.accessor('created', {
    header: 'Started',
    cell: ({ getValue }) => <At seconds={getValue()} relative />,
  }),
]);
