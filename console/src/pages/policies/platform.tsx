import { lazy, Suspense, useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  Card,
  type Confirmed,
  Facts,
  Loaded,
  Notice,
  Page,
  Skeleton,
  useMay,
  useMerchant,
} from '../../kit/index.ts';
import { At, author } from './parts.tsx';

const CodeEditor = lazy(() => import('./code-editor.tsx'));
const PATH = '/v1/operator/routing/platform';

/** What decides where a merchant says nothing, and what policies with `inherit` begin from. Only administrators change it. */
export default function Platform() {
  const { mode: chosen } = useMerchant();
  const mode = chosen === 'live' ? 'live' : 'test';
  const mayConfigure = useMay('configure');
  const [isEditing, setEditing] = useState(false);
  const read = useRead(PATH, { params: { query: { mode } } });
  return (
    <Page
      title={`The platform's policy, ${mode}`}
      sub="It decides where a merchant has no policy of its own, and begins the ones that inherit it."
      actions={
        mayConfigure && !isEditing && read.data !== undefined ? (
          <Button onClick={() => setEditing(true)}>Replace…</Button>
        ) : undefined
      }
    >
      <Loaded query={read} skeletonPx={360}>
        {(policy) => (
          <>
            <Card title="Where it stands">
              <Facts
                facts={[
                  ['Version', String(policy.version)],
                  ['Name', policy.name],
                  ['Author', author(policy.author)],
                  ['Since', <At key="since" seconds={policy.moved_at} />],
                ]}
              />
            </Card>
            {isEditing ? (
              <Replace source={policy.source} mode={mode} onDone={() => setEditing(false)} />
            ) : (
              <Card title="Its text" flush>
                {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard. */}
                <pre className="source" tabIndex={0}>
                  {policy.source}
                </pre>
              </Card>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Replace(props: {
  readonly source: string;
  readonly mode: 'test' | 'live';
  readonly onDone: () => void;
}) {
  const { source, mode, onDone } = props;
  const [text, setText] = useState(source);
  const [isOpen, setOpen] = useState(false);
  const refresh = useRefresh();
  const save = async ({ reason, key }: Confirmed) => {
    const params = { header: { 'Idempotency-Key': key } };
    await answer(api.POST(PATH, { params, body: { source: text, mode, reason } }));
    await refresh([PATH]);
    onDone();
  };
  return (
    <div className="stack">
      <Notice
        tone="warn"
        title="It counts at once, for every merchant that has no policy of its own or inherits."
      />
      <Suspense fallback={<Skeleton heightPx={420} />}>
        <CodeEditor label="The platform's policy in YAML" initial={source} onText={setText} check={nothing} />
      </Suspense>
      <div className="row">
        <Button onClick={onDone}>Cancel</Button>
        <Button kind="danger" disabled={text === source} onClick={() => setOpen(true)}>
          Replace…
        </Button>
      </div>
      {isOpen && (
        <ActionDialog
          title="Replace the platform's policy"
          what={`Every ${mode} payment of merchants without a policy of their own is decided by it from the next one on.`}
          danger
          confirmWord={mode}
          confirmLabel="Replace"
          onConfirm={save}
          onClose={() => setOpen(false)}
        />
      )}
    </div>
  );
}

/** Of whom the accounts are nobody knows here: it is judged when it is saved, and told then. */
const nothing = async () => [];
