import { lazy, type ReactNode, Suspense } from 'react';
import { Link, useParams } from 'wouter';
import { type Answer, useRead } from '../../api/query.ts';
import {
  Card,
  CopyButton,
  ErrorBox,
  Facts,
  Notice,
  Page,
  Skeleton,
  Status,
  useKeptSearch,
  useLive,
  useMay,
} from '../../kit/index.ts';
import { Comparison } from './comparison.tsx';
import { Moves } from './moves.tsx';
import { At, author, statusText } from './parts.tsx';

const Difference = lazy(() => import('./difference.tsx'));

const PATH = '/v1/routing/policies/{version}';
export type Policy = Answer<typeof PATH>;

/** One version: what it is for, who moved it why, how it would have decided otherwise, and what may be done with it. */
export default function PolicyPage() {
  const { version = '' } = useParams<{ version: string }>();
  const number = Number(version);
  const isNumber = Number.isInteger(number) && number >= 1;
  const read = useRead(
    PATH,
    { params: { path: { version: number } } },
    { enabled: isNumber, refetchIntervalMs: 10_000 },
  );
  useLive([PATH, '/v1/routing/policies/{version}/comparison']);
  if (!isNumber) return <Page title="There is no such version">Versions are numbers.</Page>;
  const problem = read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />;
  if (read.data === undefined)
    return <Page title={`Version ${number}`}>{problem || <Skeleton heightPx={420} />}</Page>;
  return <Known policy={read.data} problem={problem} />;
}

function Known({ policy, problem }: { readonly policy: Policy; readonly problem: ReactNode }) {
  const keep = useKeptSearch();
  const mayDraft = useMay('draft_policy');
  const { version, proposal } = policy;
  const from = `/policies/new${keep === '' ? '?' : `${keep}&`}from=${version}`;
  const isCompared = policy.status === 'shadow' || policy.status === 'canary';
  return (
    <Page
      title={`${version} · ${policy.name}`}
      sub={
        <span className="row">
          <Status value={policy.status} label={statusText(policy)} /> by {author(policy.author)}
        </span>
      }
      actions={
        mayDraft ? (
          <Link className="button" href={from}>
            New version from this
          </Link>
        ) : undefined
      }
    >
      {problem}
      {proposal !== null && (
        <Notice
          tone="info"
          title={`${author(proposal.by)} proposes: ${proposal.to}${proposal.canary_percent === null ? '' : ` with ${proposal.canary_percent}%`}.`}
        >
          {proposal.reason} Nothing has changed; another person has to approve it.
        </Notice>
      )}
      <Card title="Where it stands">
        <div className="stack">
          <Facts
            facts={[
              ['Status', statusText(policy)],
              ['Since', at(policy.moved_at)],
              ['Saved', at(policy.created)],
              ['Last active', policy.activated_at === null ? 'never' : at(policy.activated_at)],
            ]}
          />
          <Moves policy={policy} />
        </div>
      </Card>
      {isCompared && <Comparison version={version} />}
      <Card
        title="Its text"
        actions={
          <span className="id">
            <CopyButton value={policy.source} />
          </span>
        }
        flush
      >
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard has to get there. */}
        <pre className="source" tabIndex={0}>
          {policy.source}
        </pre>
      </Card>
      <Card title="History">
        <History events={policy.events} />
      </Card>
      {/* Last: how long they are, and whether there are any, is known only once they are here. */}
      {!isCompared && <Comparison version={version} />}
      <Suspense fallback={<Skeleton heightPx={200} />}>
        <Difference policy={policy} />
      </Suspense>
    </Page>
  );
}

const at = (seconds: number) => <At seconds={seconds} />;

function History({ events }: { readonly events: Policy['events'] }) {
  return (
    <ol className="history">
      {events.toReversed().map((event) => (
        <li key={`${event.at} ${event.kind} ${event.to}`}>
          <strong>{sentenceOf(event)}</strong>{' '}
          <small>
            by {author(event.actor)}
            {event.proposed_by === null ? '' : `, proposed by ${author(event.proposed_by)}`},{' '}
            <At seconds={event.at} />
          </small>
          <div>{event.reason}</div>
        </li>
      ))}
    </ol>
  );
}

function sentenceOf({ kind, from, to, canary_percent: percent }: Policy['events'][number]): string {
  const target = percent === null ? to : `${to} with ${percent}%`;
  const word = kind.replace('_', ' ');
  return from === null || from === to ? `${word}: ${target}` : `${word}: from ${from} to ${target}`;
}
