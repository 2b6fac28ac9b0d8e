import { createContext, useContext, useState } from 'react';
import { type Answer, useRead } from '../../api/query.ts';
import {
  Button,
  columnsOf,
  FilterField,
  given,
  Id,
  Money,
  Page,
  Select,
  Status,
  Time,
  useLive,
  useMay,
  useSession,
  useUrlState,
} from '../../kit/index.ts';
import { ApproveResolution, AskNow, Propose } from './doubt-actions.tsx';
import { Filters, MerchantFilter, ModeFilter, modeIn, Person, QueueTable } from './parts.tsx';

const PATH = '/v1/operator/queues/unknowns';
export type Doubtful = Answer<typeof PATH>['data'][number];

const DEFAULTS = { of_merchant: '', mode: '', provider: '', status: '', parked: '', age: '', after: '' };

const STATUSES = [
  { value: '', label: 'any' },
  { value: 'unknown', label: 'unknown' },
  { value: 'pending', label: 'pending at the provider' },
];
const ACTORS = [
  { value: '', label: 'any' },
  { value: 'true', label: 'a person' },
  { value: 'false', label: 'Interlock asks on' },
];
const AGES = [
  { value: '', label: 'any' },
  { value: '5', label: 'over 5 minutes' },
  { value: '60', label: 'over an hour' },
  { value: '1440', label: 'over a day' },
];

/** Operations of which nobody knows what became of them: since when, why it doesn't end by itself, what a person can do. */
export function Unknowns() {
  const [filters, setFilters] = useUrlState(DEFAULTS);
  const { of_merchant: merchant, mode, provider, status, parked, age, after } = filters;
  const query = {
    limit: 50,
    ...given({ merchant, provider, starting_after: after }),
    ...modeIn(mode),
    ...(status === 'unknown' || status === 'pending' ? { status: status as 'unknown' | 'pending' } : {}),
    ...(parked === 'true' || parked === 'false' ? { parked: parked as 'true' | 'false' } : {}),
    ...(age === '' ? {} : { min_age_minutes: Number(age) }),
  };
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true, refetchIntervalMs: 10_000 });
  useLive([PATH]);
  const [opened, setOpened] = useState<Opened>();
  const change = (next: Partial<typeof filters>) => setFilters({ after: '', ...next });
  return (
    <Page
      title="Unknown outcomes"
      sub="Sent to a provider, and nobody can say yet whether money moved. Nothing else is tried before one of them is proven."
    >
      <Filters>
        <MerchantFilter merchant={merchant} onMerchant={(text) => change({ of_merchant: text })} />
        <ModeFilter mode={mode} onMode={(text) => change({ mode: text })} />
        <FilterField
          label="Provider"
          value={provider}
          placeholder="any"
          onText={(text) => change({ provider: text })}
        />
        <Select
          label="Status"
          value={status}
          options={STATUSES}
          onValue={(value) => change({ status: value })}
        />
        <Select
          label="Who acts next"
          value={parked}
          options={ACTORS}
          onValue={(value) => change({ parked: value })}
        />
        <Select label="Age" value={age} options={AGES} onValue={(value) => change({ age: value })} />
      </Filters>
      <OpenContext value={setOpened}>
        <QueueTable
          read={read}
          after={after}
          onAfter={(next) => setFilters({ after: next })}
          label="Operations in doubt, oldest first"
          columns={COLUMNS}
          rowId={({ id }) => id}
          rowHref={({ payment }) => `/payments/${payment}`}
          empty="Nothing is in doubt: every operation that was sent has an answer."
        />
      </OpenContext>
      {opened !== undefined && <ActDialog {...opened} onClose={() => setOpened(undefined)} />}
    </Page>
  );
}

const column = columnsOf<Doubtful>();
const COLUMNS = column.columns([
  column.accessor('payment', {
    header: 'Payment',
    cell: ({ row: { original } }) => (
      <Id value={original.subject} short={short(original.subject)} href={`/payments/${original.payment}`} />
    ),
  }),
  column.accessor('amount', {
    header: 'Amount',
    meta: { align: 'right' },
    cell: ({ row: { original } }) => <Money minor={original.amount} currency={original.currency} />,
  }),
  column.accessor('provider', {
    header: 'What, where',
    cell: ({ row: { original } }) => (
      <span title={original.account}>
        {original.kind} at {original.provider} <Status value={original.status} />
      </span>
    ),
  }),
  column.accessor('first_sent_at', {
    header: 'Since',
    cell: ({ row: { original } }) => (
      <span title={`sent ${original.sends} times, last at ${original.last_sent_at}`}>
        <Time at={original.first_sent_at} relative />
      </span>
    ),
  }),
  column.display({
    id: 'why',
    header: 'Why it is open',
    cell: ({ row: { original } }) => <Why of={original} />,
  }),
  column.display({
    id: 'act',
    header: 'Actions',
    cell: ({ row: { original } }) => <Actions of={original} />,
  }),
]);

function short(id: string): string {
  return `${id.slice(0, 12)}…`;
}

const QUESTIONS = {
  lookup: 'look it up by our reference',
  resend: 'send the same request under the same key',
  void_by_reference: 'void it by our reference',
} as const;

function Why({ of: doubt }: { readonly of: Doubtful }) {
  const { answers, next_questions: next, exception, owner } = doubt;
  const [last] = answers;
  return (
    <div className="why">
      {doubt.explanation}
      {next.length > 0 && <small>Next: {next.map((each) => QUESTIONS[each]).join(', then ')}.</small>}
      <small>
        {last === undefined ? (
          'No answer so far.'
        ) : (
          <>
            Last answer: {last.type.replaceAll('_', ' ')}
            {last.detail === null ? '' : ` (${last.detail})`}, by {last.source},{' '}
            <Time at={last.at} relative />.
          </>
        )}
      </small>
      {exception !== null && (
        <small>
          <Id
            value={exception}
            short="its case"
            href={`/queues/exceptions/${encodeURIComponent(exception)}`}
          />{' '}
          is <Person id={owner} />
          ’s.
        </small>
      )}
    </div>
  );
}

interface Opened {
  readonly act: 'retry' | 'propose' | 'approve';
  readonly doubt: Doubtful;
}

const OpenContext = createContext<(opened: Opened) => void>(() => undefined);

/** The act's dialog. It is the page's and not the row's: an answer in which the row is gone must not take away what is being typed. */
function ActDialog({ act, doubt, onClose }: Opened & { readonly onClose: () => void }) {
  if (act === 'retry') return <AskNow of={doubt} onClose={onClose} />;
  if (act === 'propose') return <Propose of={doubt} onClose={onClose} />;
  if (doubt.resolution === null) return null;
  return <ApproveResolution id={doubt.resolution} subject={doubt.subject} onClose={onClose} />;
}

/** What the operation's state allows and the person's role, each behind a dialog with a reason. */
function Actions({ of: doubt }: { readonly of: Doubtful }) {
  const open = useContext(OpenContext);
  const mayAct = useMay('act');
  const { person } = useSession();
  if (!mayAct) return <span className="muted">–</span>;
  const isOwnProposal = doubt.proposed_by === person.id;
  return (
    <div className="row">
      {doubt.actions.includes('retry') && (
        <Button onClick={() => open({ act: 'retry', doubt })}>Ask now</Button>
      )}
      {doubt.actions.includes('propose') && (
        <Button onClick={() => open({ act: 'propose', doubt })}>Propose…</Button>
      )}
      {doubt.resolution !== null && (
        <Button
          kind="primary"
          disabled={isOwnProposal}
          title={isOwnProposal ? 'Somebody else has to approve it' : 'Read the evidence first'}
          onClick={() => open({ act: 'approve', doubt })}
        >
          Approve…
        </Button>
      )}
    </div>
  );
}
