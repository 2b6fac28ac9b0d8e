import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { answer, api } from '../../api/client.ts';
import { useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  type Confirmed,
  decimalOf,
  ErrorBox,
  Field,
  formatMoney,
  Money,
  minorOf,
  Select,
  TextArea,
  useKeptSearch,
} from '../../kit/index.ts';
import { type Act, type Action, labelOf, proposalOf } from './actions.tsx';
import { type Further, STORY, type Story } from './story.ts';

/** One dialog an act: what it does in a sentence, what it needs to know, and why. */
export function ActDialog(props: {
  readonly act: Act;
  readonly story: Story;
  readonly further: Further;
  readonly onClose: () => void;
}) {
  const { act, story, further, onClose } = props;
  if (act.type === 'resend') return <Resend {...act} onClose={onClose} />;
  const { action } = act;
  switch (action.name) {
    case 'refund':
      return <Refund action={action} story={story} onClose={onClose} />;
    case 'resolve':
      return <Resolve action={action} onClose={onClose} />;
    case 'move':
      return <Move action={action} onClose={onClose} />;
    case 'approve':
      return <Approve action={action} story={story} further={further} onClose={onClose} />;
    default:
      return <Plain action={action} name={action.name} onClose={onClose} />;
  }
}

const STALE = [STORY, '/v1/operator/payments'] as const;

function useDone() {
  const refresh = useRefresh();
  return async (sent: Promise<unknown>) => {
    await sent;
    // Not waited for: a long story takes a while to be read, and the dialog has nothing left to say.
    void refresh(STALE);
  };
}

function initOf(id: string, { key, reason }: Confirmed) {
  return { params: { path: { id }, header: { 'Idempotency-Key': key } }, body: { reason } };
}

type PlainName = 'retry' | 'void' | 'cancel' | 'release';

const WHAT: Readonly<Record<PlainName, ReactNode>> = {
  retry:
    'Whatever waits to be asked or sent is asked or sent now. It goes out under the same keys, so that nobody can be charged twice.',
  void: 'The authorization is released at the provider, and the payer is not charged. This cannot be taken back.',
  cancel:
    'The payment ends. It is only possible because it is proven that nobody was charged. This cannot be taken back.',
  release: 'The payment is sent to its first provider, as its policy says.',
};

function Plain(props: { readonly action: Action; readonly name: PlainName; readonly onClose: () => void }) {
  const { action, name, onClose } = props;
  const done = useDone();
  const final = name === 'void' || name === 'cancel';
  return (
    <ActionDialog
      title={labelOf(action)}
      what={WHAT[name]}
      danger={final}
      {...(final ? { confirmWord: name } : {})}
      onConfirm={(confirmed) => done(sendPlain(action.subject, name, confirmed))}
      onClose={onClose}
    />
  );
}

function sendPlain(subject: string, name: PlainName, confirmed: Confirmed): Promise<unknown> {
  const init = initOf(subject, confirmed);
  const refund = subject.startsWith('ref_');
  switch (name) {
    case 'retry':
      return refund
        ? answer(api.POST('/v1/operator/refunds/{id}/retry', init))
        : answer(api.POST('/v1/operator/payments/{id}/retry', init));
    case 'cancel':
      return refund
        ? answer(api.POST('/v1/operator/refunds/{id}/cancel', init))
        : answer(api.POST('/v1/operator/payments/{id}/cancel', init));
    case 'void':
      return answer(api.POST('/v1/operator/payments/{id}/void', init));
    case 'release':
      return answer(api.POST('/v1/operator/payments/{id}/release', init));
  }
}

interface Parts {
  readonly action: Action;
  readonly onClose: () => void;
}

function Refund({ action, story, onClose }: Parts & { readonly story: Story }) {
  const { currency } = story.money;
  const most = action.amount ?? 0;
  const [text, setText] = useState(decimalOf(most, currency));
  const done = useDone();
  const amount = minorOf(text, currency);
  const wrong = amount === undefined || amount < 1 || amount > most;
  const send = ({ key, reason }: Confirmed) =>
    answer(
      api.POST('/v1/operator/payments/{id}/refunds', {
        params: { path: { id: action.subject }, header: { 'Idempotency-Key': key } },
        body: { reason, ...(amount === undefined ? {} : { amount }) },
      }),
    );
  return (
    <ActionDialog
      title="Refund"
      what={
        <>
          The payer gets the money back in the merchant's name. At most{' '}
          <Money minor={most} currency={currency} /> may still be refunded.
        </>
      }
      danger
      confirmLabel="Refund"
      ready={!wrong}
      onConfirm={(confirmed) => done(send(confirmed))}
      onClose={onClose}
    >
      <Field
        label={`Amount in ${currency}`}
        inputMode="decimal"
        value={text}
        onText={setText}
        {...(wrong ? { wrong: `An amount up to ${formatMoney(most, currency)}.` } : {})}
      />
    </ActionDialog>
  );
}

type Outcome = 'succeeded' | 'not_executed';

function Resolve({ action, onClose }: Parts) {
  const [outcome, setOutcome] = useState<Outcome>('not_executed');
  const [reference, setReference] = useState('');
  const [evidence, setEvidence] = useState('');
  const done = useDone();
  const send = ({ key, reason }: Confirmed) => {
    const init = {
      params: { path: { id: action.subject }, header: { 'Idempotency-Key': key } },
      body: {
        outcome,
        evidence: evidence.trim(),
        reason,
        ...(action.operation === null ? {} : { operation: action.operation }),
        ...(reference.trim() === '' ? {} : { provider_reference: reference.trim() }),
      },
    };
    return action.subject.startsWith('ref_')
      ? answer(api.POST('/v1/operator/refunds/{id}/resolutions', init))
      : answer(api.POST('/v1/operator/payments/{id}/resolutions', init));
  };
  return (
    <ActionDialog
      title="Say what became of it"
      what="Look at the provider first. Nothing changes until another person approves what you propose."
      ready={evidence.trim().length >= 10}
      confirmLabel="Propose"
      onConfirm={(confirmed) => done(send(confirmed))}
      onClose={onClose}
    >
      <Select
        label="What the provider did"
        value={outcome}
        options={[
          { value: 'not_executed', label: 'It was not carried out' },
          { value: 'succeeded', label: 'It went through' },
        ]}
        onValue={(value) => setOutcome(value === 'succeeded' ? 'succeeded' : 'not_executed')}
      />
      {outcome === 'succeeded' && (
        <Field label="Its reference at the provider" value={reference} onText={setReference} />
      )}
      <TextArea
        label="Evidence"
        hint="What you saw and where: a settlement line, a screen, a ticket."
        value={evidence}
        maxLength={2000}
        required
        onText={setEvidence}
      />
    </ActionDialog>
  );
}

function Move({ action, onClose }: Parts) {
  const accounts = action.accounts ?? [];
  const [account, setAccount] = useState(accounts[0] ?? '');
  const done = useDone();
  const send = ({ key, reason }: Confirmed) =>
    answer(
      api.POST('/v1/operator/payments/{id}/move', {
        params: { path: { id: action.subject }, header: { 'Idempotency-Key': key } },
        body: { reason, ...(account === '' ? {} : { account }) },
      }),
    );
  return (
    <ActionDialog
      title="Go on at another provider"
      what="Possible because it is proven that nobody was charged so far."
      confirmLabel="Move"
      onConfirm={(confirmed) => done(send(confirmed))}
      onClose={onClose}
    >
      <Select
        label="Provider account"
        value={account}
        options={accounts.map((value) => ({ value, label: value }))}
        onValue={setAccount}
      />
    </ActionDialog>
  );
}

interface Seen {
  readonly story: Story;
  readonly further: Further;
}

function Approve({ action, story, further, onClose }: Parts & Seen) {
  const done = useDone();
  const proposal = story.timeline.data.find(({ id }) => id === proposalOf(action));
  return (
    <ActionDialog
      title="Approve the resolution"
      what={
        <>
          {proposal === undefined ? (
            <Unread further={further} entry={proposalOf(action)} />
          ) : (
            <p>{proposal.title}</p>
          )}
          <p>Approved, it is carried out and cannot be taken back.</p>
        </>
      }
      danger
      ready={proposal !== undefined}
      confirmLabel="Approve"
      onConfirm={(confirmed) =>
        done(answer(api.POST('/v1/operator/resolutions/{id}/approve', initOf(action.subject, confirmed))))
      }
      onClose={onClose}
    />
  );
}

/** Where what is to be approved is not among the entries that have been read. */
function Unread({ further, entry }: { readonly further: Further; readonly entry: string }) {
  const keep = useKeptSearch();
  if (further.problem !== null)
    return <ErrorBox problem={further.problem} retry={() => further.showUpTo(entry)} />;
  if (further.isReading) return <p role="status">What was proposed is being read…</p>;
  return (
    <p>
      What was proposed is not told here.{' '}
      <Link href={`/queues/approvals${keep}`}>The queue of approvals</Link> has it.
    </p>
  );
}

function Resend(props: { readonly endpoint: string; readonly event: string; readonly onClose: () => void }) {
  const { endpoint, event, onClose } = props;
  const done = useDone();
  const send = ({ key, reason }: Confirmed) =>
    answer(
      api.POST('/v1/operator/endpoints/{id}/deliveries/{event}/replay', {
        params: { path: { id: endpoint, event }, header: { 'Idempotency-Key': key } },
        body: { reason },
      }),
    );
  return (
    <ActionDialog
      title="Send the webhook again"
      what="The event is delivered to the merchant's endpoint anew, as if it had just happened."
      confirmLabel="Send again"
      onConfirm={(confirmed) => done(send(confirmed))}
      onClose={onClose}
    />
  );
}
