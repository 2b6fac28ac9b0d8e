import { useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { type Sent, useRefresh } from '../../api/query.ts';
import { Button, type Confirmed, Notice } from '../../kit/index.ts';
import { CaseDialog, type CaseOrder, type CaseWord } from './case-dialog.tsx';
import type { Case } from './exceptions.tsx';

type Result = Sent<'/v1/exceptions/bulk'>;

const WORDS: readonly CaseWord[] = ['assign', 'comment', 'propose', 'dispose', 'approve', 'reject'];
const STALE = ['/v1/exceptions', '/v1/operator/queues'] as const;

/** What was chosen when the dialog opened: rows that leave the list behind it take neither it nor what was typed away. */
interface Open {
  readonly word: CaseWord;
  readonly cases: readonly Case[];
}

/** What is chosen is told the same; each case judges for itself, and what one refuses is said beside the others. */
export function BulkBar({ cases, onDone }: { readonly cases: readonly Case[]; readonly onDone: () => void }) {
  const [open, setOpen] = useState<Open>();
  const [result, setResult] = useState<Result>();
  const refresh = useRefresh();
  const tell = async ({ reason, key }: Confirmed, order: CaseOrder) => {
    const body = { ids: (open?.cases ?? []).map(({ id }) => id), reason, ...order };
    const header = { 'Idempotency-Key': key };
    setResult(await answer(api.POST('/v1/exceptions/bulk', { params: { header }, body })));
    await refresh(STALE);
    onDone();
  };
  return (
    <>
      {(cases.length > 0 || result !== undefined) && (
        <section className="queue-bar" aria-label="Selected exceptions">
          {result !== undefined && <Told result={result} onClose={() => setResult(undefined)} />}
          {cases.length > 0 && (
            <>
              <strong>{cases.length} selected</strong>
              {WORDS.map((word) => (
                <Button key={word} onClick={() => setOpen({ word, cases })}>
                  {word.charAt(0).toUpperCase() + word.slice(1)}…
                </Button>
              ))}
            </>
          )}
        </section>
      )}
      {open !== undefined && <CaseDialog {...open} onConfirm={tell} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function Told({ result, onClose }: { readonly result: Result; readonly onClose: () => void }) {
  const refused = result.data.filter((each) => each.result !== 'done');
  return (
    <Notice
      tone={refused.length === 0 ? 'good' : 'warn'}
      alert
      title={`${result.done} done, ${result.refused} refused, ${result.unknown} not known.`}
      actions={<Button onClick={onClose}>Close</Button>}
    >
      {refused.slice(0, 5).map(({ id, error }) => (
        <div key={id}>
          <code>{id}</code>: {error?.message}
        </div>
      ))}
      {refused.length > 5 && <div>and {refused.length - 5} more</div>}
    </Notice>
  );
}
