import { useState } from 'react';
import { answer, api, newKey } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  Button,
  Card,
  columnsOf,
  DataTable,
  ErrorBox,
  Facts,
  FilterField,
  formatCount,
  given,
  Id,
  Notice,
  Page,
  personOf,
  Select,
  Status,
  Time,
  useUrlState,
} from '../../kit/index.ts';
import { NewestFirst, shortOf } from './parts.tsx';

const PATH = '/v1/operator/audit';
const RUNS = '/v1/operator/audit/verifications';
type Entry = Answer<typeof PATH>['data'][number];
type Run = Answer<typeof RUNS>['data'][number];
type Kind = Entry['kind'];

const KINDS: readonly Kind[] = ['administration', 'refusal', 'policy', 'payment', 'case'];
const DEFAULTS = { kind: '', actor: '', subject: '', after: '' };

/** Who did what, and whether the chains that hold it are whole. */
export default function AuditLog() {
  const [{ kind, actor, subject, after }, setFilters] = useUrlState(DEFAULTS);
  const filters = given({ actor: actor.trim(), subject: subject.trim(), starting_after: after });
  const ofKind = KINDS.find((each) => each === kind);
  const query = { limit: 50, ...filters, ...(ofKind === undefined ? {} : { kind: ofKind }) };
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true });
  const rows = read.data?.data;
  const narrow = (change: Partial<typeof DEFAULTS>) => setFilters({ after: '', ...change });
  return (
    <Page title="Audit log" sub="Append-only. What people did, what they were refused, and why.">
      <Chains />
      <search className="grid-3" aria-label="Filters">
        <Select
          label="Kind"
          value={kind}
          options={[{ value: '', label: 'all' }, ...KINDS.map((each) => ({ value: each, label: each }))]}
          onValue={(value) => narrow({ kind: value })}
        />
        <FilterField
          label="Who"
          placeholder="operator:opr_…"
          value={actor}
          onText={(text) => narrow({ actor: text })}
        />
        <FilterField
          label="About"
          placeholder="an id: a payment, a key, an account…"
          value={subject}
          onText={(text) => narrow({ subject: text })}
        />
      </search>
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <DataTable
          label="Audit log, newest first"
          columns={COLUMNS}
          rows={rows}
          rowId={({ id }) => id}
          empty="Nothing like that was done."
        />
        <NewestFirst after={after} page={read.data} onAfter={(next) => setFilters({ after: next })} />
      </Card>
    </Page>
  );
}

/** The latest verification, and buttons for another one. */
function Chains() {
  const refresh = useRefresh();
  const [problem, setProblem] = useState<unknown>();
  // Whoever looks has a verification carried on whose process has ended.
  const latest = useRead(RUNS, { params: { query: { limit: 1 } } }, { refetchIntervalMs: 3_000 });
  const run = latest.data?.data[0];
  const verify = async (scope: 'recent' | 'all') => {
    setProblem(undefined);
    try {
      const params = { header: { 'Idempotency-Key': newKey() } };
      await answer(api.POST(`${PATH}/verify`, { params, body: { scope } }));
      await refresh([RUNS]);
    } catch (error) {
      setProblem(error);
    }
  };
  const busy = run?.status === 'running';
  return (
    <Card
      title="Chains"
      actions={
        <>
          <Button kind="primary" busy={busy} onClick={() => void verify('recent')}>
            Verify
          </Button>
          <Button busy={busy} onClick={() => void verify('all')}>
            Verify all
          </Button>
        </>
      }
    >
      {problem !== undefined && <ErrorBox problem={problem} />}
      {run === undefined ? (
        <span className="muted">They were never verified from here.</span>
      ) : (
        <RunFacts run={run} />
      )}
    </Card>
  );
}

function RunFacts({ run }: { readonly run: Run }) {
  return (
    <div className="stack">
      {run.status === 'ended' && run.problem_count === 0 && (
        <Notice tone="good" title="Every chain is whole.">
          No row was altered, added or removed.
        </Notice>
      )}
      {run.problem_count > 0 && (
        <Notice tone="bad" alert title={`${formatCount(run.problem_count)} problems.`}>
          <ul>
            {run.problems.map(({ owner, problem }) => (
              <li key={`${owner} ${problem}`}>
                <code>{owner}</code>: {problem}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <Facts
        facts={[
          ['State', <Status key="state" value={run.status} />],
          [
            'Scope',
            run.scope === 'all'
              ? 'all chains'
              : 'the administrators’, and the most recent payments and refunds',
          ],
          [
            'Checked',
            `${formatCount(run.checked)} of about ${formatCount(Math.max(run.total, run.checked))} chains, ${formatCount(run.rows)} rows`,
          ],
          ['Began', <Time key="began" at={run.started_at} />],
          ['By', personOf(run.requested_by)],
        ]}
      />
    </div>
  );
}

const column = columnsOf<Entry>();
const COLUMNS = column.columns([
  column.accessor('at', { header: 'When', cell: ({ getValue }) => <Time at={getValue()} /> }),
  column.accessor('actor', {
    header: 'Who',
    cell: ({ row: { original } }) => original.name ?? personOf(original.actor),
  }),
  column.accessor('action', {
    header: 'What',
    cell: ({ row: { original } }) => (
      <>
        <code>{original.action}</code>
        {original.kind !== 'administration' && <span className="muted"> {KIND_WORDS[original.kind]}</span>}
      </>
    ),
  }),
  column.accessor('subject', {
    header: 'About',
    cell: ({ row: { original } }) => (
      <Id value={original.subject} short={shortOf(original.subject)} {...linkTo(original)} />
    ),
  }),
  column.accessor('reason', {
    header: 'Why',
    cell: ({ getValue }) => <span className="settings-why">{getValue() ?? '–'}</span>,
  }),
  column.display({
    id: 'details',
    header: 'Details',
    meta: { wideOnly: true },
    cell: ({ row: { original } }) => <Details details={original.details} />,
  }),
]);

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  administration: '',
  refusal: 'refused',
  policy: 'of a policy',
  payment: 'of a payment',
  case: 'of a case',
};

function Details({ details }: { readonly details: Entry['details'] }) {
  if (Object.keys(details).length === 0) return null;
  return (
    <details>
      <summary className="nowrap">show</summary>
      <pre className="settings-details">{JSON.stringify(details, null, 2)}</pre>
    </details>
  );
}

function linkTo({ kind, subject }: Entry): { readonly href?: string } {
  if (kind === 'case') return { href: `/queues/exceptions/${encodeURIComponent(subject)}` };
  if (subject.startsWith('pay_')) return { href: `/payments/${subject}` };
  return /^pa_\w+$/.test(subject) ? { href: `/settings/accounts/${subject}` } : {};
}
