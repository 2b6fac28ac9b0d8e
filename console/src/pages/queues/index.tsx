import { lazy } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { useRead } from '../../api/query.ts';
import { Tabs, useLive } from '../../kit/index.ts';
import { Approvals } from './approvals.tsx';
import { DeadLetters } from './dead-letters.tsx';
import { Exceptions } from './exceptions.tsx';
import { Letters } from './letters.tsx';
import './queues.css';
import { Reviews } from './reviews.tsx';
import { Unknowns } from './unknowns.tsx';

const ExceptionPage = lazy(() => import('./exception.tsx'));

/** What waits for a person, a tab each, with how much of it there is. */
export default function Queues() {
  const { data } = useRead('/v1/operator/queues', undefined, { refetchIntervalMs: 15_000 });
  useLive(['/v1/operator/queues']);
  const of = (name: keyof NonNullable<typeof data>['queues']) => data?.queues[name].count;
  return (
    <div className="queues">
      <Tabs
        label="Queues"
        tabs={[
          {
            href: '/queues/unknowns',
            label: <Counted upTo={data?.counted_up_to} text="Unknown" count={of('unknowns')} />,
          },
          {
            href: '/queues/exceptions',
            label: <Counted upTo={data?.counted_up_to} text="Exceptions" count={of('exceptions')} />,
          },
          {
            href: '/queues/webhooks',
            label: <Counted upTo={data?.counted_up_to} text="Dead letters" count={of('dead_letters')} />,
          },
          {
            href: '/queues/letters',
            label: <Counted upTo={data?.counted_up_to} text="Unplaced" count={of('unplaced_letters')} />,
          },
          {
            href: '/queues/reviews',
            label: <Counted upTo={data?.counted_up_to} text="Reviews" count={of('reviews')} />,
          },
          {
            href: '/queues/approvals',
            label: (
              <Counted
                upTo={data?.counted_up_to}
                text="Approvals"
                count={sum(of('resolutions'), of('policy_proposals'))}
              />
            ),
          },
        ]}
      />
      <Switch>
        <Route path="/queues/unknowns" component={Unknowns} />
        <Route path="/queues/exceptions" component={Exceptions} />
        <Route path="/queues/exceptions/:id" component={ExceptionPage} />
        <Route path="/queues/webhooks" component={DeadLetters} />
        <Route path="/queues/letters" component={Letters} />
        <Route path="/queues/reviews" component={Reviews} />
        <Route path="/queues/approvals" component={Approvals} />
        <Route>
          <Redirect to="/queues/unknowns" replace />
        </Route>
      </Switch>
    </div>
  );
}

/** Counted up to a bound, so that whoever looks never costs a payment anything. */
function Counted(props: {
  readonly text: string;
  readonly count: number | undefined;
  readonly upTo?: number | undefined;
}) {
  const { text, count, upTo = Number.POSITIVE_INFINITY } = props;
  const shown = count === undefined ? '' : count > upTo ? `${upTo}+` : String(count);
  return (
    <>
      {text} <span className="queue-count">{shown}</span>
    </>
  );
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}
