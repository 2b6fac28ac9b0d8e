import { useState } from 'react';
import { useParams } from 'wouter';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  Button,
  Card,
  type Confirmed,
  Facts,
  Id,
  Loaded,
  Money,
  Notice,
  Page,
  personOf,
  Status,
  Time,
  useLive,
  useMay,
  useSession,
} from '../../kit/index.ts';
import { CaseDialog, type CaseOrder, type CaseWord } from './case-dialog.tsx';
import { Due } from './parts.tsx';
import { Sides } from './sides.tsx';

const PATH = '/v1/exceptions/{id}';
const STALE = [PATH, '/v1/exceptions', '/v1/operator/queues'] as const;
type Whole = Answer<typeof PATH>;

/** One case: what is at stake, both sides' rows, every word said, and what may be said next. */
export default function ExceptionPage() {
  const { id = '' } = useParams<{ id: string }>();
  const read = useRead(
    PATH,
    { params: { path: { id: decodeURIComponent(id) } } },
    { refetchIntervalMs: 15_000 },
  );
  useLive([PATH]);
  return (
    <Loaded query={read} skeletonPx={480}>
      {(found) => <Known of={found} />}
    </Loaded>
  );
}

function Known({ of: found }: { readonly of: Whole }) {
  return (
    <Page title={found.title} sub={found.summary} actions={<Words of={found} />}>
      {found.decision?.status === 'proposed' && (
        <Notice
          tone="info"
          title={`${personOf(found.decision.proposed_by)} proposes: ${spaced(found.decision.disposition)}.`}
        >
          {found.decision.reason} Another person has to approve it.
        </Notice>
      )}
      <Card title="The case">
        <Facts
          facts={[
            ['Status', <Status key="status" value={found.status} />],
            ['At stake', stakeOf(found)],
            ['Clock', <Due key="due" at={found.due_at} endedAt={found.closed_at} />],
            ['Opened', <Time key="opened" at={found.opened_at} />],
            ['Seen', found.opened_count > 1 ? `${found.opened_count} times` : null],
            ['Escalations', found.escalations > 0 ? String(found.escalations) : null],
            ['Owner', ownerOf(found)],
            ['Team', `${found.team}, ${found.severity}`],
            ['What to do', found.advice],
            ['Cause', found.cause],
            ['Payment', linkTo(found.payment, '/payments/')],
            ['Merchant', found.merchant],
            ['Account', found.account],
            ['Subject', <Id key="subject" value={found.subject} />],
            ['Resolution', found.resolution],
            ['Closed', timeOf(found.closed_at)],
            ['Booked by', linkTo(found.decision?.ledger_transaction ?? null, undefined)],
          ]}
        />
      </Card>
      <Sides rows={found.rows} details={found.details} />
      <Card title="What was said">
        <Said entries={found.entries} />
      </Card>
    </Page>
  );
}

const spaced = (text: string) => text.replaceAll('_', ' ');

function stakeOf({ amount, currency }: Whole) {
  if (amount === null || currency === null) return 'nobody knows';
  return <Money minor={amount} currency={currency} />;
}

/** With the whole id to copy: by it a case is assigned to somebody else. */
function ownerOf({ owner }: Whole) {
  return owner === null ? 'nobody' : <Id value={owner} short={personOf(owner)} />;
}

function timeOf(at: string | null) {
  return at === null ? null : <Time at={at} />;
}

function linkTo(id: string | null, under: string | undefined) {
  if (id === null) return null;
  return <Id value={id} {...(under === undefined ? {} : { href: `${under}${id}` })} />;
}

function Said({ entries }: { readonly entries: Whole['entries'] }) {
  if (entries.length === 0) return <p className="muted">Nothing yet.</p>;
  return (
    <ol className="said">
      {entries.map((entry) => (
        <li key={`${entry.at} ${entry.action}`}>
          <strong>{spaced(entry.action)}</strong> by {personOf(entry.actor)}{' '}
          <small>
            <Time at={entry.at} />
          </small>
          {entry.reason !== null && <div>{entry.reason}</div>}
          <Content of={entry.content} />
        </li>
      ))}
    </ol>
  );
}

function Content({ of: content }: { readonly of: Readonly<Record<string, unknown>> }) {
  const told = Object.entries(content).filter(([, value]) => typeof value !== 'object' && value !== '');
  if (told.length === 0) return null;
  return <small>{told.map(([name, value]) => `${spaced(name)}: ${String(value)}`).join(' · ')}</small>;
}

/** What the case's state and the person's role allow. A dialog stays open with the case as it was, whatever becomes of it meanwhile. */
function Words({ of: found }: { readonly of: Whole }) {
  const [open, setOpen] = useState<{ readonly word: CaseWord; readonly cases: readonly [Whole] }>();
  const refresh = useRefresh();
  const tell = async ({ reason, key }: Confirmed, order: CaseOrder) => {
    // One to one case, by the same route as to many: its refusals are told alike.
    const body = { ids: [found.id], reason, ...order };
    const result = await answer(
      api.POST('/v1/exceptions/bulk', { params: { header: { 'Idempotency-Key': key } }, body }),
    );
    const [told] = result.data;
    if (told !== undefined && told.result !== 'done')
      throw new Error(told.error?.message ?? 'It was not carried out.');
    await refresh(STALE);
  };
  return (
    <>
      <WordButtons of={found} onWord={(word) => setOpen({ word, cases: [found] })} />
      {open !== undefined && <CaseDialog {...open} onConfirm={tell} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function WordButtons({
  of: found,
  onWord,
}: {
  readonly of: Whole;
  readonly onWord: (word: CaseWord) => void;
}) {
  const mayAct = useMay('act');
  const { person } = useSession();
  if (!mayAct || found.status === 'resolved') return null;
  const isOwn = found.decision?.proposed_by === person.id;
  return (
    <>
      <Button onClick={() => onWord('assign')}>Assign…</Button>
      <Button onClick={() => onWord('comment')}>Comment…</Button>
      {found.status === 'proposed' ? (
        <>
          <Button onClick={() => onWord('reject')}>Reject…</Button>
          <Button
            kind="primary"
            disabled={isOwn}
            title={isOwn ? 'Somebody else has to approve it' : 'Carries it out'}
            onClick={() => onWord('approve')}
          >
            Approve…
          </Button>
        </>
      ) : (
        found.allowed_dispositions.length > 0 && (
          <>
            <Button onClick={() => onWord('propose')}>Propose…</Button>
            <Button kind="primary" onClick={() => onWord('dispose')}>
              Dispose…
            </Button>
          </>
        )
      )}
    </>
  );
}
