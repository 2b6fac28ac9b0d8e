import { useRead } from '../../api/query.ts';
import { ErrorBox, Notice, Time } from '../../kit/index.ts';

const PATH = '/v1/operator/alarms';

export function useAlarms() {
  return useRead(PATH, { params: { query: {} } }, { refetchIntervalMs: 15_000 });
}

/** What fires now, before anything else: what it means, and the page that says what to do. */
export function Alarms() {
  const read = useAlarms();
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

/** A page of Interlock's own documentation, which this server does not serve: told by where it lies. */
function Runbook({ path }: { readonly path: string | null }) {
  if (path === null) return null;
  return (
    <span>
      Runbook: <code>{path}</code>
    </span>
  );
}
