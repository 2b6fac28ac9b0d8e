import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { answer, api } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { type Sent, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  Card,
  Checkbox,
  type Confirmed,
  ErrorBox,
  Loaded,
  Notice,
  Page,
  Skeleton,
  useKeptSearch,
  useMay,
} from '../../kit/index.ts';
import type { EditorHandle } from './code-editor.tsx';
import { Language } from './language.tsx';
import { SimulateForm } from './simulate-form.tsx';

const CodeEditor = lazy(() => import('./code-editor.tsx'));

type Check = Sent<'/v1/routing/policies/validate'>;

const EMPTY = `# What decides, in this order; the first rule that matches. The list beside has everything that a condition may ask for.
format: interlock/routing@1
name: My policy

rules:
  - name: large tickets
    when: amount >= minor(500, currency)
    choose: { best_success: all }

otherwise:
  choose: { lowest_cost: all, at_most_points_less_success: 0.5 }
`;

/** A new version, from an older one's text (`?from=3`) or from the beginning. Saved, it still decides nothing. */
export default function EditPolicy() {
  const [search] = useSearchParams();
  const from = search.get('from');
  const mayDraft = useMay('draft_policy');
  const version = Number(from ?? 0);
  const source = useRead(
    '/v1/routing/policies/{version}',
    { params: { path: { version } } },
    { enabled: version >= 1 },
  );
  if (!mayDraft)
    return (
      <Page title="New version">
        <Notice tone="warn">Your role does not draft policies.</Notice>
      </Page>
    );
  if (from === null) return <Editing key="new" initial={EMPTY} title="New version" />;
  return (
    <Loaded query={source} skeletonPx={420}>
      {({ source: initial }) => <Editing key={from} initial={initial} title={`New version from ${from}`} />}
    </Loaded>
  );
}

function Editing({ initial, title }: { readonly initial: string; readonly title: string }) {
  const [text, setText] = useState(initial);
  const [checked, setChecked] = useState<Check>();
  const [problem, setProblem] = useState<unknown>();
  const [isSaving, setSaving] = useState(false);
  const editor = useRef<EditorHandle>(undefined);
  useLeaveGuard(text !== initial && !isSaving);
  const check = useCallback(async (source: string) => {
    try {
      // An empty text is no text for the API; what is missing is everything.
      const found = await checkText(source === '' ? ' ' : source);
      setChecked(found);
      setProblem(undefined);
      return found.problems;
    } catch (error) {
      setProblem(error);
      return [];
    }
  }, []);
  const problems = checked?.problems ?? [];
  return (
    <Page
      title={title}
      sub="Checked as you type against this merchant's accounts. Saving makes a version; nothing decides by it before it is moved."
      actions={
        <Button kind="primary" onClick={() => setSaving(true)}>
          Save…
        </Button>
      }
    >
      <div className="editor-side">
        <div className="stack">
          <Suspense fallback={<Skeleton heightPx={420} />}>
            <CodeEditor
              label="Policy in YAML"
              initial={initial}
              onText={setText}
              check={check}
              onReady={(handle) => {
                editor.current = handle;
              }}
            />
          </Suspense>
          {problem !== undefined && <ErrorBox problem={problemOf(problem)} />}
          <Verdict checked={checked} onGo={(line, column) => editor.current?.goTo(line, column)} />
        </div>
        <Card title="What a condition may ask for">
          <Language />
        </Card>
      </div>
      <Card title="Try this text">
        <SimulateForm policy={{ source: text }} />
      </Card>
      {isSaving && <Save text={text} isValid={problems.length === 0} onClose={() => setSaving(false)} />}
    </Page>
  );
}

async function checkText(source: string): Promise<Check> {
  const header = { 'Idempotency-Key': `check-${crypto.randomUUID()}` };
  return answer(api.POST('/v1/routing/policies/validate', { params: { header }, body: { source } }));
}

/** Leaving the tab with unsaved text asks first. */
function useLeaveGuard(isDirty: boolean): void {
  useEffect(() => {
    if (!isDirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isDirty]);
}

/** Every problem once more as a list: to be read out, and to go to with one press. */
function Verdict(props: {
  readonly checked: Check | undefined;
  readonly onGo: (line: number, column: number) => void;
}) {
  const { checked, onGo } = props;
  if (checked === undefined) return <Skeleton heightPx={44} />;
  if (checked.valid)
    return (
      <div role="status">
        <Notice tone="good" title="Valid.">
          It fits this merchant's accounts.
        </Notice>
      </div>
    );
  const { problems } = checked;
  return (
    <section aria-label="Problems" aria-live="polite">
      <h3>
        {problems.length} {problems.length === 1 ? 'problem' : 'problems'}
      </h3>
      <ol className="problems">
        {problems.map(({ line, column, message, hint }) => (
          <li key={`${line}:${column} ${message}`}>
            <button type="button" onClick={() => onGo(line, column)}>
              <strong>
                Line {line}, column {column}:
              </strong>{' '}
              {message}
              <small>{hint}</small>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Save(props: { readonly text: string; readonly isValid: boolean; readonly onClose: () => void }) {
  const { text, isValid, onClose } = props;
  const [isDraft, setDraft] = useState(!isValid);
  const [, navigate] = useLocation();
  const keep = useKeptSearch();
  const refresh = useRefresh();
  const save = async ({ reason, key }: Confirmed) => {
    const params = { header: { 'Idempotency-Key': key } };
    const body = { source: text, reason, draft: isDraft };
    const saved = await answer(api.POST('/v1/routing/policies', { params, body }));
    await refresh(['/v1/routing/policies']);
    navigate(`/policies/${saved.version}${keep}`);
  };
  return (
    <ActionDialog
      title="Save as a new version"
      what="Its text never changes after this: payments name the version that decided them."
      confirmLabel="Save"
      onConfirm={save}
      onClose={onClose}
    >
      <Checkbox
        label="As a draft: keep it although it does not fit the accounts yet. It is validated later."
        checked={isDraft}
        onChecked={setDraft}
      />
      {!isValid && !isDraft && (
        <Notice tone="warn">
          The text has problems: only a draft of it can be kept, if it can be read at all.
        </Notice>
      )}
    </ActionDialog>
  );
}
