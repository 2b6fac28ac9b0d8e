import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { newKey } from '../api/client.ts';
import { isOtherOrders, isSettled } from '../api/intentions.ts';
import { problemOf } from '../api/problem.ts';
import { ErrorBox, Notice } from './feedback.tsx';
import { Button, Field, TextArea } from './forms.tsx';

/**
 * The ref of a modal `<dialog>`: shown as soon as it is rendered. What had the focus before has it again afterwards; where that is
 * gone (its row was dropped), the page's content has it. `isHeld`: Escape doesn't close it. A browser lets `cancel` be refused once,
 * so the key itself is, wherever the focus went (a button that is disabled while it works loses it).
 */
export function useModal(isHeld = false) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    if (ref.current !== null && !ref.current.open) ref.current.showModal();
    return () => {
      const target = before instanceof HTMLElement && before.isConnected ? before : undefined;
      (target ?? document.getElementById('content'))?.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    if (!isHeld) return;
    const refuse = (event: globalThis.KeyboardEvent) => {
      if (event.key === 'Escape') event.preventDefault();
    };
    document.addEventListener('keydown', refuse, true);
    return () => document.removeEventListener('keydown', refuse, true);
  }, [isHeld]);
  return ref;
}

/** The browser's own modal dialog: focus stays inside, Escape closes it (not while it is `busy`). Rendered only while it is open. */
export function Dialog(props: {
  readonly title: string;
  /** Something was sent and isn't answered: who closes it now would not learn what became of it. */
  readonly busy?: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { title, busy = false, onClose, children } = props;
  const ref = useModal(busy);
  const headingId = useId();
  const closed = () => {
    if (busy) ref.current?.showModal();
    else onClose();
  };
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={headingId}
      onCancel={(event) => busy && event.preventDefault()}
      onClose={closed}
    >
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
  /**
   * The idempotency key of this intention: the same for every press of the button until an answer came. An order whose answer was
   * lost keeps its first key even in another dialog (api/intentions.ts).
   */
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
  const [key, setKey] = useState(newKey);
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
      if (isSettled(problemOf(error))) setKey(newKey());
    }
  };
  return (
    <Dialog title={title} busy={isBusy} onClose={onClose}>
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
        {confirmWord !== undefined && <TypedWord wanted={confirmWord} value={word} onText={setWord} />}
        {problem !== undefined && <Failed problem={problem} />}
        <div className="actions">
          <Button disabled={isBusy} onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" kind={danger ? 'danger' : 'primary'} disabled={!isComplete} busy={isBusy}>
            {confirmLabel}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function TypedWord(props: {
  readonly wanted: string;
  readonly value: string;
  readonly onText: (text: string) => void;
}) {
  const { wanted, value, onText } = props;
  const label = (
    <>
      Type <code>{wanted}</code> to confirm
    </>
  );
  return <Field label={label} value={value} autoComplete="off" onText={onText} />;
}

/** Where nobody knows whether it was carried out, that is said, and that trying again is safe. */
function Failed({ problem }: { readonly problem: unknown }) {
  const told = problemOf(problem);
  const { status } = told;
  return (
    <>
      <ErrorBox problem={problem} />
      {status === 401 && (
        <Notice tone="info">Nothing was carried out. Confirm again once you are signed in.</Notice>
      )}
      {(status === 0 || status >= 500) && (
        <Notice tone="warn">
          No answer came, so it may have been carried out. Confirming the same again, here or in a new dialog,
          repeats this order under its own key and in its first words, and never becomes a second one.
        </Notice>
      )}
      {isOtherOrders(told) && (
        <Notice tone="warn">
          This was not carried out. What this dialog ordered before said something else, was never answered
          and may have been: see what became of it first. To order this as well, close the dialog and open it
          again.
        </Notice>
      )}
    </>
  );
}
