import { useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { useRead, useRefresh } from '../../api/query.ts';
import { ActionDialog, Button, type Confirmed, Slider, useMay, useSession } from '../../kit/index.ts';
import type { Policy } from './version.tsx';

const WORDS = ['validate', 'shadow', 'promote', 'withdraw', 'archive', 'reject'] as const;
type Word = (typeof WORDS)[number];
type Move = Word | 'canary' | 'experiment' | 'approve' | 'roll_back';

const STALE = ['/v1/routing/policies/{version}', '/v1/routing/policies', '/v1/operator/queues'] as const;

const LABELS: Readonly<Record<Move, string>> = {
  validate: 'Validate',
  shadow: 'Shadow',
  canary: 'Canary',
  promote: 'Promote',
  withdraw: 'Withdraw',
  archive: 'Archive',
  reject: 'Reject',
  experiment: 'Propose as treatment',
  approve: 'Approve',
  roll_back: 'Roll back',
};

const WHAT: Readonly<Record<Move, string>> = {
  validate:
    'The draft is held against this merchant’s accounts. It decides nothing yet, and may be used from then on.',
  shadow: 'It is evaluated beside the version that decides. Its answers are counted and not followed.',
  canary:
    'It decides this share of the payments from the next one on. A payment keeps the version that decided it.',
  promote:
    'It decides every payment from the next one on; the version that does now is archived, and can be rolled back to.',
  withdraw: 'Its shadow or canary ends. It stays validated, and can be taken up again.',
  archive: 'It is put away. Payments that it decided go on naming it.',
  reject: 'The proposal is put away; nothing changes.',
  experiment: 'Another person approves that it may be tried beside the active version.',
  approve: 'What is proposed is done at once.',
  roll_back: 'It decides every payment again from the next one on, at once and without approval.',
};

/** What the version's state allows, for whom the role allows it; each with a reason, and canary with its share. */
export function Moves({ policy }: { readonly policy: Policy }) {
  const [opened, setOpened] = useState<Opened>();
  const [percent, setPercent] = useState(policy.canary_percent ?? 5);
  const settings = useRead('/v1/settings');
  const setOpen = (move: Move) => setOpened({ policy, move, percent });
  const needsTwo = settings.data?.routing_approval === true;
  const mayChange = useMay('change_policy');
  const mayDraft = useMay('draft_policy');
  const { person } = useSession();
  const { allowed, proposal, author } = policy;
  const me = `operator:${person.id}`;
  const isOwn = proposal !== null && (proposal.by === me || author === me);
  const can = (move: Move) => allowed.includes(move) && (move === 'validate' ? mayDraft : mayChange);
  const canReturn =
    mayChange &&
    (policy.status === 'active' || (policy.status === 'archived' && policy.activated_at !== null));
  const others = WORDS.filter((word) => word !== 'promote' && can(word));
  return (
    <div className="stack">
      {can('canary') && (
        <Slider
          label="Canary share"
          hint={
            needsTwo
              ? 'This merchant wants two people: it is proposed, and another person approves it.'
              : 'Of payments, how many it decides.'
          }
          value={percent}
          min={1}
          max={99}
          shown={`${percent}%`}
          onValue={setPercent}
        />
      )}
      <div className="row">
        {can('approve') && (
          <Button
            kind="primary"
            disabled={isOwn}
            title={isOwn ? 'Who wrote or proposed it cannot approve it' : 'Carries it out'}
            onClick={() => setOpen('approve')}
          >
            Approve…
          </Button>
        )}
        {can('canary') && (
          <Button onClick={() => setOpen('canary')} disabled={policy.canary_percent === percent}>
            {policy.status === 'canary' ? `Change canary to ${percent}%…` : `Start canary at ${percent}%…`}
          </Button>
        )}
        {can('promote') && (
          <Button kind="primary" onClick={() => setOpen('promote')}>
            Promote…
          </Button>
        )}
        {others.map((word) => (
          <Button key={word} onClick={() => setOpen(word)}>
            {LABELS[word]}…
          </Button>
        ))}
        {needsTwo && can('experiment') && (
          <Button onClick={() => setOpen('experiment')}>{LABELS.experiment}…</Button>
        )}
        {canReturn && (
          <Button kind="danger" onClick={() => setOpen('roll_back')}>
            {policy.status === 'active' ? 'Roll back to the one before…' : 'Roll back to this…'}
          </Button>
        )}
      </div>
      {opened !== undefined && (
        <MoveDialog {...opened} isProposal={needsTwo} onClose={() => setOpened(undefined)} />
      )}
    </div>
  );
}

/** As it was when the dialog opened: nobody approves a proposal that took the place of the one they read. */
interface Opened {
  readonly policy: Policy;
  readonly move: Move;
  readonly percent: number;
}

interface MoveProps extends Opened {
  readonly isProposal: boolean;
  readonly onClose: () => void;
}

function MoveDialog({ policy, move, percent, isProposal, onClose }: MoveProps) {
  const refresh = useRefresh();
  const decides = move === 'canary' || move === 'promote';
  const what = decides && isProposal ? 'It is proposed; another person has to approve it, and then: ' : '';
  const label = move === 'canary' ? `Canary at ${percent}%` : LABELS[move];
  const tell = async (confirmed: Confirmed) => {
    await send(policy, move, percent, confirmed);
    await refresh(STALE);
  };
  return (
    <ActionDialog
      title={`${label}: version ${policy.version}`}
      what={`${what}${move === 'roll_back' && policy.status === 'active' ? 'The version that was active before decides again, at once and without approval.' : WHAT[move]}`}
      danger={move === 'roll_back' || move === 'archive'}
      confirmLabel={decides && isProposal ? 'Propose' : label}
      onConfirm={tell}
      onClose={onClose}
    />
  );
}

function send(policy: Policy, move: Move, percent: number, { reason, key }: Confirmed): Promise<unknown> {
  const { version, proposal } = policy;
  const header = { 'Idempotency-Key': key };
  const params = { path: { version }, header };
  switch (move) {
    case 'canary':
      return answer(api.POST('/v1/routing/policies/{version}/canary', { params, body: { percent, reason } }));
    case 'experiment':
      return answer(
        api.POST('/v1/routing/policies/{version}/experiment', {
          params,
          body: { percent: Math.min(50, percent), reason },
        }),
      );
    case 'approve': {
      if (proposal === null) throw new Error('Nothing is proposed any more.');
      const { to, canary_percent: proposed } = proposal;
      const body = { to, reason, ...(proposed === null ? {} : { canary_percent: proposed }) };
      return answer(
        api.POST('/v1/routing/policies/{version}/approve', { params, body: body as ApproveBody }),
      );
    }
    case 'roll_back': {
      const body = policy.status === 'active' ? { reason } : { reason, version };
      return answer(api.POST('/v1/routing/rollback', { params: { header }, body }));
    }
    default:
      return answer(api.POST(`/v1/routing/policies/{version}/${move}`, { params, body: { reason } }));
  }
}

/** A proposal's target is one of these three, whatever else a version's status may be. */
interface ApproveBody {
  readonly to: 'canary' | 'active' | 'experiment';
  readonly reason: string;
  readonly canary_percent?: number;
}
