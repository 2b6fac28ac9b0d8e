import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { answer, api } from './client.ts';
import { forgetOrders } from './intentions.ts';
import { presence } from './presence.ts';
import { ApiProblem } from './problem.ts';
import { type Answer, queryClient } from './query.ts';
import { setCsrfToken } from './scope.ts';

/** What signing in and every look at the session answer. */
export type Session = Answer<'/v1/console/session'>;
export type Permission = Session['person']['permissions'][number];

export const SESSION_KEY = ['session'] as const;

/** Who is signed in, or was when the session ended by itself. */
let latest: Session | undefined;

/** Whose work lies beneath the sign-in while a session is over: what they typed is still there when they are back. */
export function interruptedSession(): Session | undefined {
  return latest;
}

function begin(session: Session): void {
  if (latest !== undefined && latest.person.id !== session.person.id) forget();
  latest = session;
  setCsrfToken(session.csrf_token);
}

/** Nothing that one person saw or ordered is left to the next. */
function forget(): void {
  latest = undefined;
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
  forgetOrders();
}

export async function askSession(): Promise<Session | null> {
  try {
    const session = await answer(api.GET('/v1/console/session'));
    begin(session);
    return session;
  } catch (error) {
    // Nobody is signed in: an answer, not a failure.
    if (error instanceof ApiProblem && error.status === 401) return null;
    throw error;
  }
}

export async function signIn(body: {
  readonly email: string;
  readonly password: string;
  readonly code?: string;
}): Promise<Session> {
  const session = await answer(api.POST('/v1/console/sign-in', { body }));
  begin(session);
  return session;
}

export async function signOut(): Promise<void> {
  await answer(api.POST('/v1/console/sign-out'));
  setCsrfToken(undefined);
  forget();
}

const SessionContext = createContext<Session | undefined>(undefined);

/** Whoever is signed in; its absence is the sign-in page's business, so below it there always is somebody. */
export function SessionProvider({
  session,
  children,
}: {
  readonly session: Session;
  readonly children: ReactNode;
}) {
  useEffect(() => presence.watch(window), []);
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** The session as the API last told it: null where nobody is signed in. */
export function useSessionQuery() {
  return useQuery({
    queryKey: SESSION_KEY,
    queryFn: askSession,
    staleTime: 60_000,
    refetchInterval: 120_000,
  });
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('useSession is for pages of somebody who is signed in');
  return session;
}

/** Whether the role allows it. It only hides what the API would refuse. */
export function useMay(permission: Permission): boolean {
  return useSession().person.permissions.includes(permission);
}

/** A 401 of any query means that the session is over: it is asked for again, and the shell shows the sign-in over the page. */
export function useSessionEnd(): void {
  const client = useQueryClient();
  useEffect(() => {
    const look = (error: unknown) => {
      if (error instanceof ApiProblem && error.status === 401) client.setQueryData(SESSION_KEY, null);
    };
    const offQueries = client.getQueryCache().subscribe(({ type, query }) => {
      if (type === 'updated' && query.state.status === 'error') look(query.state.error);
    });
    const offMutations = client.getMutationCache().subscribe(({ type, mutation }) => {
      if (type === 'updated') look(mutation?.state.error);
    });
    return () => {
      offQueries();
      offMutations();
    };
  }, [client]);
}
