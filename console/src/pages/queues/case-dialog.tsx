import { useState } from 'react';
import { ActionDialog, type Confirmed, Field, Select, useSession } from '../../kit/index.ts';
import type { Case } from './exceptions.tsx';

export type CaseWord = 'assign' | 'comment' | 'propose' | 'dispose' | 'approve' | 'reject';
type Disposition = Case['allowed_dispositions'][number];

/** What is told beside the reason. */
export interface CaseOrder {
  readonly action: CaseWord;
  readonly owner?: string;
  readonly disposition?: Disposition;
  readonly target?: string;
}

const MEANS: Readonly<Record<Disposition, string>> = {
  accept: 'what the outside says stands',
  write_off: 'a small difference becomes a cost',
  claim_from_provider: 'the provider owes it, and was told so',
  refund: 'the payer has it back; name the refund that did it',
  remap: 'it belongs to another account, or is another kind of fee',
  link: 'it belongs to something that we know',
  ignore: 'nothing follows from it',
};

const WHAT: Readonly<Record<CaseWord, string>> = {
  assign: 'It becomes this person’s to end.',
  comment: 'A word that stays with the case. The reason is the comment.',
  propose: 'Another person has to approve it; nothing is booked before.',
  dispose: 'It is carried out at once where the amount is within your limit, and booked.',
  approve: 'What another person proposed is carried out and booked.',
  reject: 'What was proposed is put away; the case is open again.',
};

const NEEDS_TARGET: readonly Disposition[] = ['refund', 'remap', 'link'];

/** One command to one case, or the same to many. Offered is what every one of them allows. */
export function CaseDialog(props: {
  readonly word: CaseWord;
  readonly cases: readonly Case[];
  readonly onConfirm: (confirmed: Confirmed, order: CaseOrder) => Promise<unknown>;
  readonly onClose: () => void;
}) {
  const { word, cases, onConfirm, onClose } = props;
  const { person } = useSession();
  const [owner, setOwner] = useState('me');
  const [other, setOther] = useState('');
  const [target, setTarget] = useState('');
  const offered = offeredBy(cases);
  const [disposition, setDisposition] = useState<Disposition | undefined>(proposedBy(cases, offered));
  const decides = word === 'propose' || word === 'dispose';
  const needsTarget = disposition !== undefined && NEEDS_TARGET.includes(disposition);
  const takesTarget = needsTarget || disposition === 'claim_from_provider';
  const named = owner === 'other' ? other.trim() : owner;
  const isReady =
    word === 'assign'
      ? named !== ''
      : !decides || (disposition !== undefined && (!needsTarget || target.trim() !== ''));
  const order: CaseOrder = {
    action: word,
    ...(word === 'assign' ? { owner: named } : {}),
    ...(decides && disposition !== undefined ? { disposition } : {}),
    // Nobody tells what they cannot see: its field goes with the disposition that asks for it.
    ...(decides && takesTarget && target.trim() !== '' ? { target: target.trim() } : {}),
  };
  const many = cases.length === 1 ? 'this exception' : `${cases.length} exceptions`;
  return (
    <ActionDialog
      title={`${word.charAt(0).toUpperCase()}${word.slice(1)} ${many}`}
      what={WHAT[word]}
      ready={isReady}
      confirmLabel={word.charAt(0).toUpperCase() + word.slice(1)}
      onConfirm={(confirmed) => onConfirm(confirmed, order)}
      onClose={onClose}
    >
      {word === 'assign' && (
        <>
          <Select
            label="To whom"
            value={owner}
            options={[
              { value: 'me', label: `me (${person.name})` },
              { value: 'none', label: 'nobody' },
              { value: 'other', label: 'somebody else' },
            ]}
            onValue={setOwner}
          />
          {owner === 'other' && (
            <Field label="Their id" placeholder="opr_…" value={other} onText={setOther} />
          )}
        </>
      )}
      {decides && offered.length === 0 && <p>There is no disposition that all of them allow.</p>}
      {decides && disposition !== undefined && (
        <>
          <Select
            label="Disposition"
            value={disposition}
            hint={MEANS[disposition]}
            options={offered.map((each) => ({ value: each, label: each.replaceAll('_', ' ') }))}
            onValue={(value) => setDisposition(offered.find((each) => each === value))}
          />
          {takesTarget && (
            <Field
              label="Target"
              hint="A refund, an account, what it is linked to, or the provider's ticket."
              value={target}
              maxLength={300}
              onText={setTarget}
            />
          )}
        </>
      )}
    </ActionDialog>
  );
}

function offeredBy(cases: readonly Case[]): readonly Disposition[] {
  const [first, ...rest] = cases;
  return (first?.allowed_dispositions ?? []).filter((each) =>
    rest.every((other) => other.allowed_dispositions.includes(each)),
  );
}

function proposedBy(cases: readonly Case[], offered: readonly Disposition[]): Disposition | undefined {
  const proposed = cases[0]?.proposed_disposition;
  return offered.find((each) => each === proposed) ?? offered[0];
}
