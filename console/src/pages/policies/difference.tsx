import { diffLines } from 'diff';
import { useRead } from '../../api/query.ts';
import { Card, ErrorBox, Select, Skeleton, useUrlState } from '../../kit/index.ts';
import type { Policy } from './version.tsx';

const DEFAULTS = { against: '' };

/** This version's text against another's: the active one's, or the one before it, unless the address says which. */
export default function Difference({ policy }: { readonly policy: Policy }) {
  const [{ against }, setState] = useUrlState(DEFAULTS);
  const versions = useRead('/v1/routing/policies', { params: { query: { limit: 100 } } });
  const others = (versions.data?.data ?? []).filter(({ version }) => version !== policy.version);
  const active = others.find(({ status }) => status === 'active');
  const before = others.find(({ version }) => version < policy.version);
  const chosen = against === '' ? (active ?? before ?? others[0])?.version : Number(against);
  if (versions.data !== undefined && others.length === 0) return null;
  return (
    <Card
      title="What it changes"
      actions={
        <Select
          label={<span className="hidden-text">Against</span>}
          value={chosen === undefined ? '' : String(chosen)}
          options={others.map(({ version, name, status }) => ({
            value: String(version),
            label: `against ${version} · ${name} (${status})`,
          }))}
          onValue={(value) => setState({ against: value })}
        />
      }
      flush
    >
      {chosen === undefined ? <Skeleton heightPx={160} /> : <Lines policy={policy} against={chosen} />}
    </Card>
  );
}

function Lines({ policy, against }: { readonly policy: Policy; readonly against: number }) {
  const read = useRead('/v1/routing/policies/{version}', { params: { path: { version: against } } });
  if (read.error !== null) return <ErrorBox problem={read.error} />;
  if (read.data === undefined) return <Skeleton heightPx={160} />;
  if (read.data.source === policy.source) return <p className="table-empty">The texts are the same.</p>;
  const parts = diffLines(read.data.source, policy.source);
  const lines = parts.flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, '')
      .split('\n')
      .map((text) => ({ text, kind: added ? 'added' : removed ? 'removed' : 'same' }) as const),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard has to get there.
    <section className="diff" tabIndex={0} aria-label={`Differences from version ${against}`}>
      {lines.map(({ text, kind }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name than their place.
        <span key={index} className={kind}>
          {SIGNS[kind]} {text}
        </span>
      ))}
    </section>
  );
}

/** In words of the eye and of the reader: never by colour alone. */
const SIGNS = { added: '+', removed: '-', same: ' ' } as const;
