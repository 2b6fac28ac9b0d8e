import { Button, useMay, useSession } from '../../kit/index.ts';
import type { Story } from './story.ts';

/** What an operator may do about a payment, as the API says it: nothing here knows the rules. */
export type Action = Story['actions'][number];

export type Act =
  | { readonly type: 'action'; readonly action: Action }
  | { readonly type: 'resend'; readonly endpoint: string; readonly event: string };

const LABELS: Readonly<Record<Action['name'], string>> = {
  retry: 'Ask now',
  void: 'Void',
  cancel: 'Cancel',
  move: 'Move',
  release: 'Release',
  resolve: 'Resolve',
  refund: 'Refund',
  approve: 'Approve',
};

export function labelOf({ name, subject }: Action): string {
  const label = LABELS[name];
  return subject.startsWith('ref_') ? `${label} refund` : label;
}

/** The entry that says what is to be approved. */
export function proposalOf({ subject }: Action): string {
  return `resolution:${subject}:proposed`;
}

export function Actions({ story, onAct }: { readonly story: Story; readonly onAct: (act: Act) => void }) {
  const mayAct = useMay('act');
  const { person } = useSession();
  if (!mayAct) return null;
  const offered = story.actions.filter(({ allowed }) => allowed);
  if (offered.length === 0) return <small className="muted">No action now</small>;
  return (
    <>
      {offered.map((action) => {
        const own = action.proposed_by === person.id;
        return (
          <Button
            key={`${action.name}/${action.subject}/${action.operation ?? ''}`}
            data-action={action.name}
            kind={action.name === 'approve' ? 'primary' : 'plain'}
            disabled={own}
            {...(own ? { title: 'You proposed it: another person must approve.' } : {})}
            onClick={() => onAct({ type: 'action', action })}
          >
            {labelOf(action)}
          </Button>
        );
      })}
    </>
  );
}
