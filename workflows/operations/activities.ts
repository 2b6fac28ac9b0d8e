import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  log,
  proxyActivities,
  proxyLocalActivities,
  type TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
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
  | 'paidOtherwise'
  | 'planRefund'
  | 'hydrateRefund'
  | 'revoke'
  | 'readResolution'
  | 'readNews'
  | 'acknowledge';

/**
 * Database steps as workflows call them. They are local, which saves a round trip through the server each, for
 * as long as Postgres answers: three quick tries, because a workflow task that runs into its heartbeat while
 * updates come in is where histories have gone wrong. After that they are regular activities, tried without
 * end and visible as failing in the Web UI. Whatever talks to a provider is regular from the start, so that a
 * frozen or dead worker is noticed by the server's timeouts.
 */
const localOptions = {
  startToCloseTimeout: '2 seconds',
  localRetryThreshold: '1 second',
  retry: { initialInterval: '50 milliseconds', maximumAttempts: 3 },
} as const;

const atLengthOptions: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  summary: 'Postgres was away: trying until it answers',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Bug'] },
};

export const database = insistent(
  oneAtATime(proxyLocalActivities<Pick<Activities, DatabaseSteps>>(localOptions)),
  proxyActivities<Pick<Activities, DatabaseSteps>>(atLengthOptions),
);

/** A failed local activity comes as the bare failure, a regular one wrapped; nothing else is theirs. */
function isOfActivity(error: unknown): error is TemporalFailure {
  return (
    error instanceof ActivityFailure || error instanceof ApplicationFailure || error instanceof TimeoutFailure
  );
}

/**
 * An activity that fails for good even at length has met a bug. Nothing may end by it: as a plain error it fails
 * the workflow task, which Temporal retries until the code is mended, visible in the Web UI meanwhile.
 */
function insistent<T extends object>(local: T, atLength: T): T {
  return new Proxy(local, {
    get(target, name) {
      const call = (activities: T) =>
        Reflect.get(activities, name) as (...order: unknown[]) => Promise<unknown>;
      return async (...order: unknown[]) => {
        try {
          return await call(target)(...order);
        } catch (error) {
          if (!isOfActivity(error)) throw error;
          log.warn('not done in three tries; trying without end', { activity: String(name) });
        }
        try {
          return await call(atLength)(...order);
        } catch (error) {
          if (!isOfActivity(error)) throw error;
          throw new Error(`${String(name)} cannot go on: ${error.cause?.message ?? error.message}`);
        }
      };
    },
  });
}

type CaseSteps = Pick<Activities, 'lookAfterCase' | 'escalateCase' | 'commandCase'>;

export const cases = insistent(
  oneAtATime(proxyLocalActivities<CaseSteps>(localOptions)),
  proxyActivities<CaseSteps>(atLengthOptions),
);

type Records = Pick<Activities, 'record' | 'recordRefund'>;

/** A step that is decided must be written. */
export const records = insistent(
  oneAtATime(proxyLocalActivities<Records>(localOptions)),
  proxyActivities<Records>(atLengthOptions),
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
