import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { newKey } from '../api/client.ts';
import { ErrorBox } from './feedback.tsx';
import { Button, Field, TextArea } from './forms.tsx';

/** The browser's own modal dialog: focus stays inside, Escape closes it. Rendered only while it is open. */
export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { title, onClose, children } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const headingId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog !== null && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog ref={ref} className="dialog" aria-labelledby={headingId} onClose={onClose}>
      <div className="dialog-body">
        <h2 id={headingId}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

export interface Confirmed {
  /** `''` where none is asked for. */
  readonly reason: string;
  /** The idempotency key of this intention: the same for every press of the button, another in the next dialog. */
  readonly key: string;
}

/**
 * An act, confirmed: what it does, why it is done (a reason of at least three characters), and for what cannot be undone a
 * word to type. It closes itself once `onConfirm` has resolved and stays, with the problem, when it throws.
 */
export function ActionDialog(props: {
  readonly title: string;
  /** What will happen, in a sentence. */
  readonly what: ReactNode;
  readonly reasonRequired?: boolean;
  readonly confirmWord?: string;
  readonly confirmLabel?: string;
  readonly danger?: boolean;
  /** Fields of the act's own, above the reason. */
  readonly children?: ReactNode;
  /** False: the fields above are not complete yet. */
  readonly ready?: boolean;
  readonly onConfirm: (confirmed: Confirmed) => Promise<unknown>;
  readonly onClose: () => void;
}) {
  const { title, what, reasonRequired = true, confirmWord, confirmLabel = 'Confirm', danger = false } = props;
  const { children, ready = true, onConfirm, onClose } = props;
  const [key] = useState(newKey);
  const [reason, setReason] = useState('');
  const [word, setWord] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const isComplete =
    ready &&
    (!reasonRequired || reason.trim().length >= 3) &&
    (confirmWord === undefined || word === confirmWord);
  const confirm = async (event: FormEvent) => {
    event.preventDefault();
    if (!isComplete || isBusy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm({ reason: reason.trim(), key });
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="bare" onSubmit={(event) => void confirm(event)}>
        <div>{what}</div>
        {children}
        {reasonRequired && (
          <TextArea
            label="Reason"
            hint="Kept in the audit log with your name."
            value={reason}
            maxLength={500}
            required
            onText={setReason}
          />
        )}
        {confirmWord !== undefined && (
          <Field
            label={
              <>
                Type <code>{confirmWord}</code> to confirm
              </>
            }
            value={word}
            autoComplete="off"
            onText={setWord}
          />
        )}
        {problem !== undefined && <ErrorBox problem={problem} />}
        <div className="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={danger ? 'danger' : 'primary'} disabled={!isComplete} busy={isBusy}>
            {confirmLabel}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
