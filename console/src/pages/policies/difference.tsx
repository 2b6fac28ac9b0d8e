import { diffLines } from 'diff';
import { useRead } from '../../api/query.ts';
import { Card, ErrorBox, Loaded, Select, Skeleton, useUrlState } from '../../kit/index.ts';
import type { Listed } from './list.tsx';
import { useActive } from './use-active.ts';
import type { Policy } from './version.tsx';

const DEFAULTS = { against: '' };

/**
 * This version's text against another's: the active one's, or the one before it, unless the address says which. Where nobody can say
 * which is active, it is the one before.
 */
export default function Difference({ policy }: { readonly policy: Policy }) {
  const [{ against }, setState] = useUrlState(DEFAULTS);
  const versions = useRead('/v1/routing/policies', { params: { query: { limit: 100 } } });
  const { version: active, hasFailed } = useActive();
  const isKnown = versions.data !== undefined && (active !== undefined || hasFailed);
  const others = isKnown ? othersOf(policy, versions.data.data, active ?? null) : [];
  const before = others.find(({ version }) => version < policy.version);
  const usual = others.find(({ version }) => version === active?.version) ?? before ?? others[0];
  const chosen = against === '' ? usual?.version : Number(against);
  if (isKnown && others.length === 0) return null;
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
      {versions.error !== null && <ErrorBox problem={versions.error} retry={() => void versions.refetch()} />}
      {chosen !== undefined ? (
        <Lines policy={policy} against={chosen} />
      ) : (
        versions.error === null && <Skeleton heightPx={160} />
      )}
    </Card>
  );
}

/** The newest ones, and the active one however old it is. */
function othersOf(policy: Policy, newest: readonly Listed[], active: Listed | null): readonly Listed[] {
  const isListed = newest.some(({ version }) => version === active?.version);
  const known = active === null || isListed ? newest : [...newest, active];
  return known.filter(({ version }) => version !== policy.version);
}

function Lines({ policy, against }: { readonly policy: Policy; readonly against: number }) {
  const read = useRead('/v1/routing/policies/{version}', { params: { path: { version: against } } });
  return (
    <Loaded query={read}>
      {({ source }) => <Changes from={source} to={policy.source} {...{ against }} />}
    </Loaded>
  );
}

function Changes(props: { readonly from: string; readonly to: string; readonly against: number }) {
  const { from, to, against } = props;
  if (from === to) return <p className="table-empty">The texts are the same.</p>;
  const parts = diffLines(from, to);
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
