import { createContext, useContext, useState } from 'react';
import { Link } from 'wouter';
import { type Answer, useRead } from '../../api/query.ts';
import {
  Button,
  Card,
  columnsOf,
  DataTable,
  ErrorBox,
  Id,
  Page,
  Skeleton,
  Status,
  Time,
  useLive,
  useMay,
  useSession,
} from '../../kit/index.ts';
import { ApproveResolution } from './doubt-actions.tsx';
import { Person } from './parts.tsx';
import { useRowKeys } from './use-row-keys.ts';

const PATH = '/v1/operator/queues/approvals';
type Resolution = Answer<typeof PATH>['resolutions'][number];
type PolicyMove = Answer<typeof PATH>['policies'][number];

/** What one person proposed and another has to approve. Proposed dispositions of exceptions are in their own queue. */
export function Approvals() {
  const read = useRead(PATH, { params: { query: { limit: 50 } } }, { refetchIntervalMs: 10_000 });
  useLive([PATH]);
  const around = useRowKeys<HTMLDivElement>();
  // The page's, not the row's: an answer without the row must not take away what is being typed.
  const [opened, setOpened] = useState<Resolution>();
  return (
    <Page
      title="Approvals"
      sub={
        <>
          Proposed by one person, to be approved by another. Exceptions with a proposal are{' '}
          <Link href="/queues/exceptions?status=proposed">in their own queue</Link>.
        </>
      }
    >
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <div ref={around} className="stack">
        {/* Both at once: how high the first is decides where the second stands. */}
        {read.data === undefined ? (
          read.error === null && <Skeleton heightPx={320} />
        ) : (
          <>
            <Card title="What became of an operation" flush>
              <OpenContext value={setOpened}>
                <DataTable
                  label="Proposed resolutions, oldest first"
                  columns={RESOLUTIONS}
                  rows={read.data.resolutions}
                  rowId={(row) => row.id}
                  empty="No resolution waits for anybody."
                />
              </OpenContext>
            </Card>
            <Card title="Routing policies" flush>
              <DataTable
                label="Proposed moves of routing policies, oldest first"
                columns={POLICIES}
                rows={read.data.policies}
                rowId={policyPage}
                rowHref={policyPage}
                empty="No policy waits for anybody."
              />
            </Card>
          </>
        )}
      </div>
      {opened !== undefined && (
        <ApproveResolution id={opened.id} subject={opened.subject} onClose={() => setOpened(undefined)} />
      )}
    </Page>
  );
}

const policyPage = ({ merchant, mode, version }: PolicyMove) =>
  `/policies/${version}?merchant=${merchant}/${mode}`;

const resolution = columnsOf<Resolution>();
const RESOLUTIONS = resolution.columns([
  resolution.accessor('subject', {
    header: 'Of',
    cell: ({ row: { original } }) => (
      <Id
        value={original.subject}
        short={`${original.subject.slice(0, 12)}…`}
        href={`/payments/${original.payment}`}
      />
    ),
  }),
  resolution.accessor('outcome', {
    header: 'Proposed',
    cell: ({ getValue }) => <Status value={getValue()} />,
  }),
  resolution.accessor('evidence', {
    header: 'Evidence',
    cell: ({ row: { original } }) => (
      <div className="why">
        {original.evidence}
        <small>{original.reason}</small>
      </div>
    ),
  }),
  resolution.accessor('proposed_by', { header: 'By', cell: ({ getValue }) => <Person id={getValue()} /> }),
  resolution.accessor('proposed_at', {
    header: 'Since',
    cell: ({ getValue }) => <Time at={getValue()} relative />,
  }),
  resolution.display({
    id: 'act',
    header: 'Actions',
    cell: ({ row: { original } }) => <Approve of={original} />,
  }),
]);

const OpenContext = createContext<(opened: Resolution) => void>(() => undefined);

function Approve({ of: proposed }: { readonly of: Resolution }) {
  const open = useContext(OpenContext);
  const mayAct = useMay('act');
  const { person } = useSession();
  if (!mayAct) return <span className="muted">–</span>;
  if (proposed.proposed_by === person.id) return <span className="muted">yours: another person has to</span>;
  return (
    <Button kind="primary" onClick={() => open(proposed)}>
      Approve…
    </Button>
  );
}

const policy = columnsOf<PolicyMove>();
const POLICIES = policy.columns([
  policy.accessor('name', {
    header: 'Policy',
    cell: ({ row: { original } }) => (
      <Link href={policyPage(original)}>
        {original.name}, version {original.version}
      </Link>
    ),
  }),
  policy.accessor('merchant', {
    header: 'Merchant',
    cell: ({ row: { original } }) => `${original.merchant}, ${original.mode}`,
  }),
  policy.accessor('to', {
    header: 'Proposed',
    cell: ({ row: { original } }) => (
      <span>
        <Status value={original.to} /> {original.percent === null ? '' : `${original.percent} %`}
      </span>
    ),
  }),
  policy.accessor('reason', {
    header: 'Why',
    cell: ({ getValue }) => <div className="why">{getValue()}</div>,
  }),
  policy.accessor('proposed_by', { header: 'By', cell: ({ getValue }) => <Person id={getValue()} /> }),
  policy.accessor('proposed_at', {
    header: 'Since',
    cell: ({ getValue }) => <Time at={getValue()} relative />,
  }),
]);
