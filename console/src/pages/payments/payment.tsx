import { useState } from 'react';
import { Link } from 'wouter';
import {
  Card,
  ErrorBox,
  External,
  Facts,
  Id,
  Money,
  Notice,
  Page,
  Skeleton,
  Stat,
  Status,
  Time,
  useKeptSearch,
} from '../../kit/index.ts';
import { type Act, Actions, proposalOf } from './actions.tsx';
import { ActDialog } from './dialogs.tsx';
import { SettledStats } from './settled.tsx';
import { type Further, type Story, useStory } from './story.ts';
import { Timeline } from './timeline.tsx';

/** What happened to one payment, the short answer first. */
export default function PaymentPage({ id }: { readonly id: string }) {
  const { story, problem, retry, further } = useStory(id);
  if (story === undefined) {
    return (
      <Page title="Payment" sub={<Id value={id} />}>
        {problem === null ? (
          <>
            <Skeleton heightPx={96} />
            <Skeleton heightPx={84} />
            <Skeleton heightPx={480} />
          </>
        ) : (
          <ErrorBox problem={problem} retry={retry} />
        )}
      </Page>
    );
  }
  return <Told story={story} further={further} />;
}

function Told({ story, further }: { readonly story: Story; readonly further: Further }) {
  const [act, setAct] = useState<Act>();
  const { payment, headline } = story;
  const open = (next: Act) => {
    setAct(next);
    // Nobody approves what they can't read, and it may stand behind the entries that are shown.
    if (next.type === 'action' && next.action.name === 'approve') further.showUpTo(proposalOf(next.action));
  };
  return (
    <Page
      title={payment.reference === null ? 'Payment' : `Order ${payment.reference}`}
      sub={
        <span className="row">
          <Id value={payment.id} />
          <Status value={payment.status} />
          <span className="muted">
            {story.merchant} ({payment.livemode ? 'live' : 'test'})
          </span>
        </span>
      }
      actions={<Actions story={story} onAct={open} />}
    >
      <section className={`headline headline-${headline.tone}`} aria-label="What happened">
        <p className="headline-text">{headline.text}</p>
        <p>{headline.why}</p>
      </section>
      <Highlights story={story} further={further} />
      <MoneySummary story={story} />
      <Timeline story={story} further={further} onAct={setAct} />
      <Around story={story} />
      {act !== undefined && (
        <ActDialog act={act} story={story} further={further} onClose={() => setAct(undefined)} />
      )}
    </Page>
  );
}

function Highlights({ story, further }: { readonly story: Story; readonly further: Further }) {
  const { highlights, audit, related, timeline } = story;
  const keep = useKeptSearch();
  const told = new Set(timeline.data.map(({ id }) => id));
  return (
    <>
      {audit.problems.length > 0 && (
        <Notice tone="bad" title="The audit trail of this payment is broken.">
          <ul>
            {audit.problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Notice>
      )}
      {related.length > 0 && (
        <Notice
          tone="warn"
          title={`${related.length} more ${related.length === 1 ? 'payment has' : 'payments have'} the same order reference:`}
        >
          {related.map(({ id, status }) => (
            <span key={id} className="row">
              <Link href={`/payments/${id}${keep}`}>{id}</Link> <Status value={status} />
            </span>
          ))}
        </Notice>
      )}
      {highlights.length > 0 && (
        <Card title="What stood out">
          <ul className="highlights">
            {highlights.map(({ entry, text, tone }) => (
              <li key={entry} className={`tone-mark-${tone}`}>
                <a
                  href={`#${encodeURIComponent(entry)}`}
                  onClick={(event) => {
                    if (told.has(entry)) return;
                    event.preventDefault();
                    further.goTo(entry);
                  }}
                >
                  {text}
                </a>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}

function MoneySummary({ story }: { readonly story: Story }) {
  const { money } = story;
  const amount = (minor: number) => <Money minor={minor} currency={money.currency} />;
  return (
    <section className="stats" aria-label="Money">
      <Stat
        label="Asked for"
        value={amount(money.asked)}
        hint={story.card === null ? '' : cardOf(story.card)}
      />
      <Stat
        label="Authorized"
        value={amount(money.authorized)}
        hint={story.payment.attempts.at(-1)?.provider}
      />
      <Stat label="Captured" value={amount(money.captured)} />
      <Stat
        label="Refunded"
        value={amount(money.refunded)}
        hint={money.refundable > 0 ? <>{amount(money.refundable)} left to refund</> : ''}
      />
      <SettledStats settled={money.settled} />
      {money.charged_back > 0 && <Stat label="Charged back" value={amount(money.charged_back)} />}
    </section>
  );
}

function cardOf({ brand, last4 }: NonNullable<Story['card']>): string {
  return `${brand} ending in ${last4}`;
}

/** Where else to look, and what the merchant said of it. */
function Around({ story }: { readonly story: Story }) {
  const { payment, workflows, trace, audit } = story;
  const keep = useKeptSearch();
  return (
    <Card title="Elsewhere">
      <Facts
        facts={[
          ['Created', <Time key="created" at={new Date(payment.created * 1_000).toISOString()} />],
          ['Description', payment.description],
          [
            'Customer',
            payment.customer === null ? null : (
              <Link key="customer" href={`/payments?customer=${payment.customer}${keep.replace('?', '&')}`}>
                {payment.customer}
              </Link>
            ),
          ],
          ['Metadata', metadataOf(payment.metadata)],
          [
            'Workflows',
            <ul key="workflows" className="plain-list">
              {workflows.map(({ id, url }) => (
                <li key={id}>{url === null ? <Id value={id} /> : <External href={url}>{id}</External>}</li>
              ))}
            </ul>,
          ],
          [
            'Trace',
            trace.url === null ? (
              <Id key="trace" value={trace.id} />
            ) : (
              <External key="trace" href={trace.url}>
                {trace.id}
              </External>
            ),
          ],
          [
            'Audit trail',
            audit.checked
              ? `${audit.steps} steps, ${audit.problems.length === 0 ? 'verified: nothing was altered' : 'broken'}`
              : `${audit.steps} steps and more: check with ./interlock audit verify`,
          ],
        ]}
      />
    </Card>
  );
}

function metadataOf(metadata: Readonly<Record<string, string>>): string {
  return Object.entries(metadata)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}
