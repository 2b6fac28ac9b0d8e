import { ActivityFailure, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { Settings } from '../../domain/payment/resolver.ts';

/**
 * Local activities run one after another. Two at once are answered one by one as they run, but together when
 * they are replayed from one workflow task; what follows from them would then be asked for in another order.
 */
let turn: Promise<unknown> = Promise.resolve();

function oneAtATime<T extends object>(activities: T): T {
  return new Proxy(activities, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...order: unknown[]) => Promise<unknown>;
      return (...order: unknown[]) => {
        const result = turn.then(() => call(...order));
        turn = result.catch(() => undefined);
        return result;
      };
    },
  });
}

type DatabaseSteps =
  | 'plan'
  | 'hydrate'
  | 'route'
  | 'planRefund'
  | 'hydrateRefund'
  | 'revoke'
  | 'readResolution'
  | 'readNews'
  | 'acknowledge';

/**
 * The activities as workflows call them. Database steps are local (they save a round trip through
 * the server each); whatever talks to a provider is a regular activity, so that a frozen or dead worker
 * is noticed by the server's timeouts.
 */
export const database = insistent(
  oneAtATime(
    proxyLocalActivities<Pick<Activities, DatabaseSteps>>({
      startToCloseTimeout: '10 seconds',
      localRetryThreshold: '10 seconds',
      retry: { initialInterval: '50 milliseconds', maximumInterval: '10 seconds' },
    }),
  ),
);

/**
 * An activity that fails for good has met a bug. Nothing may end by it: as a plain error it fails
 * the workflow task, which Temporal retries until the code is mended, visible in the Web UI meanwhile.
 */
function insistent<T extends object>(activities: T): T {
  return new Proxy(activities, {
    get(target, name, receiver) {
      const activity: unknown = Reflect.get(target, name, receiver);
      if (typeof activity !== 'function') return activity;
      return async (...args: unknown[]) => {
        try {
          return await activity(...args);
        } catch (error) {
          if (!(error instanceof ActivityFailure)) throw error;
          throw new Error(`${String(name)} cannot go on: ${error.cause?.message ?? error.message}`);
        }
      };
    },
  });
}

/** A step that is decided must be written. Three local tries; then see `recordAtLength`. */
export const recordLocally = oneAtATime(
  proxyLocalActivities<Pick<Activities, 'record' | 'recordRefund'>>({
    startToCloseTimeout: '10 seconds',
    localRetryThreshold: '10 seconds',
    retry: { initialInterval: '50 milliseconds', maximumAttempts: 3 },
  }),
);

/** Without end, and visible in the Web UI as a failing activity until Postgres is back. */
export const recordAtLength = insistent(
  proxyActivities<Pick<Activities, 'record' | 'recordRefund'>>({
    startToCloseTimeout: '10 seconds',
    summary: 'Postgres was away: writing the step until it is written',
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Bug'] },
  }),
);

/** Room for loading, claiming and storing around the call's own total deadline. */
const AROUND_A_CALL_MS = 10_000;

export type Sends = Pick<Activities, 'authorize' | 'capture' | 'voidAuthorization' | 'refund' | 'resend'>;

/** Money moves at most once an attempt: Temporal never retries a send, the resolver asks first. */
export function sends(settings: Settings, summary: string): Sends {
  return proxyActivities<Sends>({
    startToCloseTimeout: settings.providerDeadlineMs + AROUND_A_CALL_MS,
    summary,
    retry: { maximumAttempts: 1 },
  });
}

export function inquiries(settings: Settings, summary: string) {
  return proxyActivities<Pick<Activities, 'inquire' | 'inquireRefunds'>>({
    startToCloseTimeout: settings.providerDeadlineMs + AROUND_A_CALL_MS,
    summary,
    retry: { initialInterval: '200 milliseconds', maximumInterval: '5 seconds', maximumAttempts: 5 },
  });
}
