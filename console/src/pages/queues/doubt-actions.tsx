import { useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  type Confirmed,
  ErrorBox,
  Facts,
  Field,
  Money,
  Select,
  Skeleton,
  TextArea,
} from '../../kit/index.ts';
import type { Doubtful } from './unknowns.tsx';

/** What people do about an operation in doubt. None of it weakens a proof: it asks again, or two people say what happened. */
const STALE = [
  '/v1/operator/queues/unknowns',
  '/v1/operator/queues/approvals',
  '/v1/operator/queues',
] as const;

const isRefund = (subject: string) => subject.startsWith('ref_');

export function AskNow({ of: doubt, onClose }: { readonly of: Doubtful; readonly onClose: () => void }) {
  const refresh = useRefresh();
  const ask = async ({ reason, key }: Confirmed) => {
    const init = {
      params: { path: { id: doubt.subject }, header: { 'Idempotency-Key': key } },
      body: { reason },
    };
    if (isRefund(doubt.subject)) await answer(api.POST('/v1/operator/refunds/{id}/retry', init));
    else await answer(api.POST('/v1/operator/payments/{id}/retry', init));
    await refresh(STALE);
  };
  return (
    <ActionDialog
      title={`Ask ${doubt.provider} now`}
      what="Whatever waits to be asked or sent for this payment is asked or sent now, and the ladder of questions begins anew. It cannot charge anybody twice."
      confirmLabel="Ask now"
      onConfirm={ask}
      onClose={onClose}
    />
  );
}

type Outcome = 'succeeded' | 'not_executed';

export function Propose({ of: doubt, onClose }: { readonly of: Doubtful; readonly onClose: () => void }) {
  const refresh = useRefresh();
  const [outcome, setOutcome] = useState<Outcome>('not_executed');
  const [reference, setReference] = useState('');
  const [evidence, setEvidence] = useState('');
  const isTold = evidence.trim().length >= 10;
  const propose = async ({ reason, key }: Confirmed) => {
    const told = reference.trim();
    const init = {
      params: { path: { id: doubt.subject }, header: { 'Idempotency-Key': key } },
      body: {
        operation: doubt.id,
        outcome,
        evidence: evidence.trim(),
        reason,
        ...(told === '' ? {} : { provider_reference: told }),
      },
    };
    if (isRefund(doubt.subject)) await answer(api.POST('/v1/operator/refunds/{id}/resolutions', init));
    else await answer(api.POST('/v1/operator/payments/{id}/resolutions', init));
    await refresh(STALE);
  };
  return (
    <ActionDialog
      title="Say what became of it"
      what={
        <>
          The {doubt.kind} of <Money minor={doubt.amount} currency={doubt.currency} /> at {doubt.provider}.
          Nothing changes until another person approves what you propose.
        </>
      }
      confirmLabel="Propose"
      ready={isTold}
      onConfirm={propose}
      onClose={onClose}
    >
      <Select
        label="What became of it"
        value={outcome}
        options={[
          { value: 'not_executed', label: 'it was not executed: no money moved' },
          { value: 'succeeded', label: 'it succeeded: the money moved' },
        ]}
        onValue={(value) => setOutcome(value === 'succeeded' ? 'succeeded' : 'not_executed')}
      />
      {outcome === 'succeeded' && (
        <Field label="Reference at the provider" value={reference} maxLength={100} onText={setReference} />
      )}
      <TextArea
        label="Evidence"
        hint="What was seen and where: a settlement line, the provider's dashboard, a ticket. At least 10 characters."
        value={evidence}
        maxLength={2_000}
        required
        onText={setEvidence}
      />
    </ActionDialog>
  );
}

type Resolution = Answer<'/v1/operator/payments/{id}'>['resolutions'][number];

/** Who approves sees what was proposed, on which evidence: it is read when the dialog opens. */
export function ApproveResolution(props: {
  readonly id: string;
  readonly subject: string;
  readonly onClose: () => void;
}) {
  const { id, subject, onClose } = props;
  const refresh = useRefresh();
  const ofRefund = isRefund(subject);
  const path = { params: { path: { id: subject } } };
  const payment = useRead('/v1/operator/payments/{id}', path, { enabled: !ofRefund });
  const refund = useRead('/v1/operator/refunds/{id}', path, { enabled: ofRefund });
  const read = ofRefund ? refund : payment;
  const found = read.data?.resolutions.find((each) => each.id === id);
  const approve = async ({ reason, key }: Confirmed) => {
    const params = { path: { id }, header: { 'Idempotency-Key': key } };
    await answer(api.POST('/v1/operator/resolutions/{id}/approve', { params, body: { reason } }));
    await refresh(STALE);
  };
  return (
    <ActionDialog
      title="Approve a resolution"
      what="It is carried out at once, and what follows from it (postings, events, the next try) follows."
      confirmLabel="Approve and carry out"
      ready={found !== undefined}
      onConfirm={approve}
      onClose={onClose}
    >
      {read.error !== null && <ErrorBox problem={read.error} />}
      {read.data === undefined ? <Skeleton heightPx={140} /> : <Proposed resolution={found} />}
    </ActionDialog>
  );
}

function Proposed({ resolution }: { readonly resolution: Resolution | undefined }) {
  if (resolution === undefined) return <p>It is not there any more.</p>;
  return (
    <Facts
      facts={[
        ['Proposed', resolution.outcome.replaceAll('_', ' ')],
        ['By', resolution.proposed_by],
        ['Evidence', resolution.evidence],
        ['Reason', resolution.reason],
      ]}
    />
  );
}
