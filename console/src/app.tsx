import { lazy, Suspense } from 'react';
import { Link, Redirect, Route, Switch, useLocation, useSearch } from 'wouter';
import { interruptedSession, SessionProvider, useSessionEnd, useSessionQuery } from './api/session.tsx';
import { ErrorBox, Page, Skeleton } from './kit/index.ts';
import { Account } from './shell/account.tsx';
import { Boundary } from './shell/boundary.tsx';
import { Shell } from './shell/shell.tsx';
import { SignIn, SignInAgain } from './shell/sign-in.tsx';

/** Each page is a chunk of its own: signing in loads none of them. */
const Overview = lazy(() => import('./pages/overview/index.tsx'));
const Payments = lazy(() => import('./pages/payments/index.tsx'));
const Analytics = lazy(() => import('./pages/analytics/index.tsx'));
const Queues = lazy(() => import('./pages/queues/index.tsx'));
const Policies = lazy(() => import('./pages/policies/index.tsx'));
const Settings = lazy(() => import('./pages/settings/index.tsx'));
const Runbooks = lazy(() => import('./pages/runbooks/index.tsx'));

/** Who is here decides what is shown: the sign-in, the own account while a new password is due, or the pages. */
export function App() {
  const session = useSessionQuery();
  const [location] = useLocation();
  const search = useSearch();
  useSessionEnd();
  if (session.data === undefined) {
    if (session.error === null) return <div className="blank" aria-busy="true" />;
    return (
      <main className="alone">
        <ErrorBox problem={session.error} retry={() => void session.refetch()} />
      </main>
    );
  }
  const shown = session.data ?? interruptedSession();
  if (shown === undefined) {
    if (location === '/sign-in') return <SignIn />;
    // The place is kept in the address, and is where signing in leads.
    const place = `${location}${search === '' ? '' : `?${search}`}`;
    return (
      <Redirect to={place === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(place)}`} replace />
    );
  }
  const isOver = session.data === null;
  const place = `${location}?${search}`;
  return (
    <>
      {/* Somebody else begins anew; the same person finds what was typed. Nothing of it is seen meanwhile. */}
      <div className={isOver ? 'covered' : undefined} key={shown.person.id}>
        <SessionProvider session={shown}>
          <Shell isOver={isOver}>
            {shown.person.password_change_required ? (
              <Account />
            ) : (
              <Boundary place={place}>
                <Pages />
              </Boundary>
            )}
          </Shell>
        </SessionProvider>
      </div>
      {isOver && <SignInAgain />}
    </>
  );
}

function Pages() {
  return (
    <Suspense fallback={<Waiting />}>
      <Switch>
        <Route path="/" component={Overview} />
        <Route path="/payments/*?" component={Payments} />
        <Route path="/analytics/*?" component={Analytics} />
        <Route path="/queues/*?" component={Queues} />
        <Route path="/policies/*?" component={Policies} />
        <Route path="/settings/*?" component={Settings} />
        <Route path="/runbooks/*?" component={Runbooks} />
        <Route path="/account" component={Account} />
        <Route path="/sign-in" component={Onwards} />
        <Route component={Nowhere} />
      </Switch>
    </Suspense>
  );
}

/** Signed in already: to the place that was asked for, if it is one of ours. */
function Onwards() {
  const next = new URLSearchParams(useSearch()).get('next');
  return <Redirect to={next?.startsWith('/') === true && !next.startsWith('//') ? next : '/'} replace />;
}

function Waiting() {
  return (
    <div className="page" aria-busy="true">
      <div className="page-head">
        <Skeleton heightPx={28} widthPx={180} />
      </div>
      <Skeleton heightPx={320} />
    </div>
  );
}

function Nowhere() {
  return (
    <Page title="There is no such page">
      <p>
        The address may be mistyped. The search (press <kbd>/</kbd>) takes any id; or go to the{' '}
        <Link href="/">overview</Link>.
      </p>
    </Page>
  );
}
