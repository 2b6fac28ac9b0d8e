import { useState } from 'react';
import { Link } from 'wouter';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  type Confirmed,
  ErrorBox,
  Notice,
  Time,
  useKeptSearch,
  useMay,
} from '../../kit/index.ts';

const PATH = '/v1/operator/alarms';
type Alarm = Answer<typeof PATH>['data'][number];

export function useAlarms() {
  return useRead(PATH, { params: { query: {} } }, { refetchIntervalMs: 15_000 });
}

/** What fires now, before anything else: what it means, the page that says what to do, and its end where a person decides that. */
export function Alarms() {
  const read = useAlarms();
  const [clearing, setClearing] = useState<Alarm>();
  const mayAct = useMay('act');
  const alarms = read.data?.data ?? [];
  return (
    <>
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      {alarms.length > 0 && (
        <section className="stack" aria-label="Alarms">
          {alarms.map((alarm) => (
            <Notice
              key={titleOf(alarm)}
              tone={alarm.severity === 'page' ? 'bad' : 'warn'}
              alert={alarm.severity === 'page'}
              title={titleOf(alarm)}
            >
              {alarm.detail}. {alarm.means}{' '}
              <span className="muted">
                Fired <Time at={alarm.fired_at} relative />.
              </span>
              {/* Below the words: beside them, on a phone, they would leave no room for them. */}
              <div className="row">
                <RunbookLink alarm={alarm} />
                {alarm.stays && mayAct && (
                  <Button onClick={() => setClearing(alarm)}>
                    Clear…<span className="hidden-text"> {titleOf(alarm)}</span>
                  </Button>
                )}
              </div>
            </Notice>
          ))}
        </section>
      )}
      {/* Outside of the list: what somebody else clears leaves the list while its dialog is open. */}
      {clearing !== undefined && <Clear alarm={clearing} onClose={() => setClearing(undefined)} />}
    </>
  );
}

function titleOf({ name, subject }: Alarm): string {
  return subject === null ? name : `${name} · ${subject}`;
}

/** The API names the file of the documentation; the console has each of them as a page. */
function RunbookLink({ alarm: { name, runbook } }: { readonly alarm: Alarm }) {
  const keep = useKeptSearch();
  if (runbook === null) return null;
  const page = runbook.replace(/^docs/, '').replace(/\.md$/, '');
  return (
    <Link href={`${page}${keep}`}>
      Runbook<span className="hidden-text"> of {name}</span>
    </Link>
  );
}

/** What proves damage stands until somebody says that the damage was dealt with. */
function Clear({ alarm, onClose }: { readonly alarm: Alarm; readonly onClose: () => void }) {
  const { name, subject } = alarm;
  const refresh = useRefresh();
  const clear = async ({ reason, key }: Confirmed) => {
    const params = { header: { 'Idempotency-Key': key } };
    try {
      await answer(api.POST('/v1/operator/alarms/clear', { params, body: { name, subject, reason } }));
    } finally {
      // Refused as well: most likely because somebody else has cleared it, and then it must not stand here any longer.
      void refresh([PATH]);
    }
  };
  return (
    <ActionDialog
      title={`Clear ${titleOf(alarm)}`}
      what={
        <div className="stack">
          <p>{alarm.detail}.</p>
          <p>
            It ends here and in Prometheus, and mends nothing: clear it once the damage has been dealt with,
            as its runbook says. It fires again where the damage is seen again.
          </p>
        </div>
      }
      danger
      confirmLabel="Clear"
      onConfirm={clear}
      onClose={onClose}
    />
  );
}
