import { useRead } from '../../api/query.ts';
import { ErrorBox, External, Notice, Time, useLive } from '../../kit/index.ts';

const PATH = '/v1/operator/alarms';

/** What fires now, before anything else: what it means, and the page that says what to do. */
export function Alarms() {
  const read = useRead(PATH, { params: { query: {} } }, { refetchIntervalMs: 15_000 });
  useLive([PATH]);
  if (read.error !== null) return <ErrorBox problem={read.error} retry={() => void read.refetch()} />;
  const alarms = read.data?.data ?? [];
  if (alarms.length === 0) return null;
  return (
    <section className="stack" aria-label="Alarms">
      {alarms.map(({ name, subject, severity, detail, means, runbook, fired_at: firedAt }) => (
        <Notice
          key={`${name}/${subject ?? ''}`}
          tone={severity === 'page' ? 'bad' : 'warn'}
          alert={severity === 'page'}
          title={`${name}${subject === null ? '' : ` · ${subject}`}`}
          actions={<Runbook path={runbook} />}
        >
          {detail}. {means}{' '}
          <span className="muted">
            Fired <Time at={firedAt} relative />.
          </span>
        </Notice>
      ))}
    </section>
  );
}

function Runbook({ path }: { readonly path: string | null }) {
  if (path === null) return null;
  if (/^https?:\/\//.test(path)) return <External href={path}>Runbook</External>;
  return (
    <span className="mono" title="The page that says what to do">
      {path}
    </span>
  );
}
