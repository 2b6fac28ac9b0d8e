import { memo, useEffect, useRef } from 'react';
import { Link } from 'wouter';
import {
  Button,
  Card,
  Checkbox,
  ErrorBox,
  formatCount,
  Id,
  Notice,
  Select,
  useKeptSearch,
  useMay,
  useUrlState,
} from '../../kit/index.ts';
import type { Act } from './actions.tsx';
import { actorIdOf, actorWords } from './actor.ts';
import { DecisionTable } from './decision.tsx';
import { useListKeys } from './keys.ts';
import type { Further, Story } from './story.ts';

export type Entry = Story['timeline']['data'][number];

const DEFAULTS = { topic: '', technical: '' };
const TOPICS: Readonly<Record<Entry['topic'], string>> = {
  request: 'Requests',
  decision: 'Routing',
  attempt: 'Attempts',
  authentication: '3-D Secure',
  refund: 'Refunds',
  webhook_in: 'Webhooks in',
  webhook_out: 'Webhooks out',
  settlement: 'Settlement',
  ledger: 'Ledger',
  operator: 'People',
  case: 'Exceptions',
  status: 'Status',
};

/** Everything that is known, oldest first. `j`/`k` go through it, Enter opens an entry, `a` goes to what can be done. */
export function Timeline(props: {
  readonly story: Story;
  readonly further: Further;
  readonly onAct: (act: Act) => void;
}) {
  const { story, further, onAct } = props;
  const [filters, setFilters] = useUrlState(DEFAULTS);
  const { data, total, cut } = story.timeline;
  const present = new Set(data.map(({ topic }) => topic));
  const shown = data.filter(
    ({ topic, technical }) =>
      (filters.topic === '' || topic === filters.topic) && (!technical || filters.technical !== ''),
  );
  const around = useListKeys<HTMLDivElement>('.entry', (key) => key === 'a' && focusActions());
  const topics = (Object.keys(TOPICS) as Entry['topic'][]).filter((topic) => present.has(topic));
  return (
    <Card
      title="Timeline"
      flush
      actions={
        <div className="timeline-filters">
          <Select
            label="Show"
            value={filters.topic}
            options={[
              { value: '', label: 'Everything' },
              ...topics.map((value) => ({ value, label: TOPICS[value] })),
            ]}
            onValue={(topic) => setFilters({ topic })}
          />
          <Checkbox
            label="Technical details"
            checked={filters.technical !== ''}
            onChecked={(checked) => setFilters({ technical: checked ? 'shown' : '' })}
          />
        </div>
      }
    >
      {(further.next > 0 || cut.length > 0) && (
        <Notice
          tone="warn"
          title={`The first ${formatCount(data.length)} of ${formatCount(total)} entries are shown.`}
        >
          {cut.length > 0 ? `Of ${cut.join(', ')} there are more rows than can be told here.` : null}
        </Notice>
      )}
      <div ref={around}>
        <ol className="timeline" tabIndex={-1}>
          {shown.map((entry, index) => (
            <TimelineEntry
              key={entry.id}
              entry={entry}
              isNewDay={dayOf(entry) !== dayOf(shown[index - 1])}
              currency={story.money.currency}
              onAct={onAct}
            />
          ))}
        </ol>
        {shown.length === 0 && (
          <p className="table-empty">
            {further.next === 0
              ? 'Nothing of that kind happened.'
              : 'Nothing of that kind is among these entries.'}
          </p>
        )}
        <ShowNext further={further} shown={shown.length} />
      </div>
    </Card>
  );
}

/**
 * The button goes when the last are there, so the first of the new entries takes the focus, where reading goes on; without one, what
 * comes before it does. Nobody who has gone elsewhere meanwhile is fetched back.
 */
function ShowNext({ further, shown }: { readonly further: Further; readonly shown: number }) {
  const around = useRef<HTMLDivElement>(null);
  /** How many were shown when the next were asked for. */
  const before = useRef<number>(undefined);
  const { isReading, problem } = further;
  useEffect(() => {
    if (isReading || before.current === undefined) return;
    const first = before.current;
    before.current = undefined;
    const focused = document.activeElement ?? document.body;
    const isElsewhere = focused !== document.body && around.current?.contains(focused) !== true;
    if (problem !== null || isElsewhere) return;
    const list = around.current?.parentElement;
    const entries = [...(list?.querySelectorAll<HTMLElement>('.entry') ?? [])];
    const target = entries[first] ?? entries.at(-1) ?? list?.querySelector<HTMLElement>('.timeline');
    target?.focus({ preventScroll: true });
  }, [isReading, problem]);
  return (
    <div ref={around}>
      {problem !== null && <ErrorBox problem={problem} />}
      {further.next > 0 && (
        <div className="timeline-next">
          <Button
            busy={isReading}
            onClick={() => {
              before.current = shown;
              further.show();
            }}
          >
            Show the next {further.next === 1 ? 'entry' : `${formatCount(further.next)} entries`}
          </Button>
        </div>
      )}
    </div>
  );
}

/** In the reader's own time zone; the title has the whole instant. */
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});

function dayOf(entry: Entry | undefined): string {
  return entry === undefined ? '' : DAY.format(new Date(entry.at));
}

function focusActions(): boolean {
  const first = document.querySelector<HTMLElement>('[data-action]');
  first?.focus();
  return first !== null;
}

/** Kept as it is while it says the same: a long story is read anew with every event of its payment. */
const TimelineEntry = memo(function TimelineEntry(props: {
  readonly entry: Entry;
  readonly isNewDay: boolean;
  readonly currency: string;
  readonly onAct: (act: Act) => void;
}) {
  const { entry, isNewDay, currency, onAct } = props;
  return (
    <li id={encodeURIComponent(entry.id)} className={`entry-item tone-mark-${entry.severity}`}>
      {isNewDay && <div className="entry-day">{DAY.format(new Date(entry.at))}</div>}
      <details className="entry-details">
        <summary className="entry">
          <span className="entry-time">
            <time className="num nowrap" dateTime={entry.at} title={entry.at}>
              {CLOCK.format(new Date(entry.at))}
            </time>
          </span>
          <span className="entry-title">
            {entry.title}
            <span className="entry-topic">
              {TOPICS[entry.topic]}
              {entry.refund === null ? '' : ' of a refund'} · {actorWords(entry.actor)}
            </span>
          </span>
        </summary>
        <EntryBody entry={entry} currency={currency} onAct={onAct} />
      </details>
    </li>
  );
});

function EntryBody(props: {
  readonly entry: Entry;
  readonly currency: string;
  readonly onAct: (act: Act) => void;
}) {
  const { entry, currency, onAct } = props;
  const { explanation, ...details } = entry.details;
  const mayAct = useMay('act');
  const actorId = actorIdOf(entry.actor);
  const endpoint = entry.links.find(({ type }) => type === 'endpoint')?.id;
  const event = entry.links.find(({ type }) => type === 'event')?.id;
  const resendable = mayAct && endpoint !== undefined && event !== undefined;
  return (
    <div className="entry-body">
      {explanation !== undefined && <DecisionTable explanation={explanation} currency={currency} />}
      <dl className="facts">
        {actorId !== undefined && (
          <div className="entry-fact">
            <dt>by</dt>
            <dd>
              {actorWords(entry.actor)} <Id value={actorId} />
            </dd>
          </div>
        )}
        {Object.entries(details).map(([name, value]) => (
          <div key={name} className="entry-fact">
            <dt>{name.replaceAll('_', ' ')}</dt>
            <dd>
              <Value value={value} />
            </dd>
          </div>
        ))}
      </dl>
      <div className="row">
        <EntryLinks entry={entry} />
        {resendable && (
          <Button onClick={() => onAct({ type: 'resend', endpoint, event })}>Send this webhook again</Button>
        )}
      </div>
    </div>
  );
}

function EntryLinks({ entry }: { readonly entry: Entry }) {
  const keep = useKeptSearch();
  return (
    <>
      {entry.links.map(({ type, id }) =>
        type === 'case' ? (
          <Link key={id} href={`/queues/exceptions/${encodeURIComponent(id)}${keep}`}>
            The exception's page
          </Link>
        ) : null,
      )}
    </>
  );
}

/** JSON of any form, without ever being taken for markup. */
function Value({ value }: { readonly value: unknown }) {
  if (value === null || value === undefined) return <span className="muted">–</span>;
  if (typeof value === 'object') return <pre className="entry-json">{JSON.stringify(value, null, 2)}</pre>;
  return <span className="wrap">{String(value)}</span>;
}
