import type { ReactNode } from 'react';
import { useParams } from 'wouter';
import { answer, api, newKey } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  Button,
  Card,
  columnsOf,
  DataTable,
  ErrorBox,
  Facts,
  formatCount,
  formatMoney,
  Money,
  Notice,
  Page,
  Skeleton,
  Status,
  useMay,
} from '../../kit/index.ts';
import { isUnpriced, readText, shareRead, verdictOf } from './backtest-words.ts';
import { At, Ppm } from './parts.tsx';

const PATH = '/v1/routing/backtests/{id}';
type Backtest = Answer<typeof PATH>;
type Result = NonNullable<Backtest['result']>;
type Cost = Result['costs'][number];
type Pair = Result['pairs'][number];

/** How far a back-test is, and what it found, with how sure that is. */
export default function BacktestPage() {
  const { id = '' } = useParams<{ id: string }>();
  const read = useRead(PATH, { params: { path: { id } } }, { refetchIntervalMs: 2_000 });
  const problem = read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />;
  if (read.data === undefined) return <Page title="Back-test">{problem || <Skeleton heightPx={360} />}</Page>;
  return <Known backtest={read.data} problem={problem} />;
}

function Known({ backtest, problem }: { readonly backtest: Backtest; readonly problem: ReactNode }) {
  const mayDraft = useMay('draft_policy');
  const refresh = useRefresh();
  const { id, version, status, progress, result, failure } = backtest;
  const share = shareRead(progress);
  const cancel = async () => {
    const params = { path: { id }, header: { 'Idempotency-Key': newKey() } };
    await answer(api.POST('/v1/routing/backtests/{id}/cancel', { params, body: {} }));
    await refresh([PATH, '/v1/routing/backtests']);
  };
  return (
    <Page
      title={`Back-test of ${version === null ? 'an unsaved text' : `version ${version}`}`}
      sub={<Status value={status} />}
      actions={
        mayDraft && status === 'running' ? <Button onClick={() => void cancel()}>Cancel</Button> : undefined
      }
    >
      {problem}
      <Card title="Progress">
        <div className="stack">
          {share !== undefined && (
            <progress className="work" aria-label="Payments read" value={share} max={1} />
          )}
          <Facts
            facts={[
              ['Read', readText(progress)],
              ['From', <At key="from" seconds={backtest.from} />],
              ['To', <At key="to" seconds={backtest.to} />],
              ['Ended', backtest.ended_at === null ? null : <At key="ended" seconds={backtest.ended_at} />],
            ]}
          />
        </div>
      </Card>
      {failure !== null && <Notice tone="bad" title={failure} />}
      {result !== null && <Found result={result} />}
    </Page>
  );
}

function Found({ result }: { readonly result: Result }) {
  const { success } = result;
  const { tone, title, text } = verdictOf(success);
  return (
    <>
      <Notice tone={tone} title={title}>
        {text}
      </Notice>
      <Card title="Success">
        <Facts
          facts={[
            ['As it was', <Ppm key="actual" value={success?.actual_ppm ?? null} />],
            ['With this version', <Ppm key="draft" value={success?.draft_ppm ?? null} />],
            ['Payments compared', formatCount(result.compared)],
            ['Would have gone elsewhere', formatCount(result.elsewhere)],
            ['Other requirements', formatCount(result.requirements_differ)],
            ['Say nothing', skippedText(result.skipped)],
          ]}
        />
      </Card>
      <Card title="Cost" flush>
        <DataTable
          label="Cost by currency"
          columns={COSTS}
          rows={result.costs}
          rowId={(row) => row.currency}
          empty="No fee is known."
        />
      </Card>
      <Card title="Who would have gone where" flush>
        <DataTable
          label="Pairs of accounts"
          columns={PAIRS}
          rows={result.pairs}
          rowId={(row) => `${row.from} ${row.to}`}
          empty={success === null ? 'Nothing was compared.' : 'Every payment would have gone where it went.'}
        />
      </Card>
    </>
  );
}

function skippedText(skipped: Readonly<Record<string, number>>): string | null {
  const told = Object.entries(skipped).filter(([, count]) => count > 0);
  if (told.length === 0) return null;
  return told.map(([why, count]) => `${formatCount(count)} ${why.replaceAll('_', ' ')}`).join(', ');
}

function Fees({ minor, of: cost }: { readonly minor: number; readonly of: Cost }) {
  return isUnpriced(cost) ? '–' : <Money minor={minor} currency={cost.currency} />;
}

const cost = columnsOf<Cost>();
const COSTS = cost.columns([
  cost.accessor('currency', { header: 'Currency' }),
  cost.accessor('actual', {
    header: 'As it was',
    meta: { align: 'right' },
    cell: ({ getValue, row: { original } }) => <Fees minor={getValue()} of={original} />,
  }),
  cost.accessor('draft', {
    header: 'With this version',
    meta: { align: 'right' },
    cell: ({ getValue, row: { original } }) => <Fees minor={getValue()} of={original} />,
  }),
  cost.accessor('change', {
    header: 'Change',
    meta: { align: 'right' },
    cell: ({ getValue, row: { original } }) => {
      if (isUnpriced(original)) return '–';
      const { expected, low, high } = getValue();
      const text = (minor: number) => formatMoney(minor, original.currency);
      return (
        <span className="num">
          {text(expected)}{' '}
          <span className="muted">
            ({text(low)} to {text(high)})
          </span>
        </span>
      );
    },
  }),
  cost.accessor('unpriced', {
    header: 'Left out: no known fee',
    meta: { align: 'right' },
    cell: ({ getValue }) => formatCount(getValue()),
  }),
]);

const pair = columnsOf<Pair>();
const PAIRS = pair.columns([
  pair.accessor('from', { header: 'Went to' }),
  pair.accessor('to', { header: 'Would have gone to' }),
  pair.accessor('payments', {
    header: 'Payments',
    meta: { align: 'right' },
    cell: ({ getValue }) => formatCount(getValue()),
  }),
  pair.accessor('approved', {
    header: 'Approved',
    meta: { align: 'right' },
    cell: ({ getValue }) => formatCount(getValue()),
  }),
  pair.accessor('expected_approved', { header: 'Expected approved', meta: { align: 'right' } }),
]);
