import { unreachable } from '../machine.ts';
import { LAST_WAIT_MS, waitAfterMs } from './ladder.ts';
import type { DeliveryStatus } from './states.ts';

/** What became of one attempt: an answer, or why there was none. */
export type AttemptOutcome =
  | { readonly type: 'answered'; readonly statusCode: number }
  | { readonly type: 'failed'; readonly error: AttemptError };

/** Every way to get no answer. `forbidden_target`: no connection was made, because of where it would have led. */
export type AttemptError =
  | 'timeout'
  | 'connection_failed'
  | 'name_not_resolved'
  | 'tls'
  | 'forbidden_target'
  | 'internal';

/** `gone` is the endpoint's own word that it wants no more. */
export type Verdict = 'delivered' | 'gone' | 'failed';

const OK_MIN = 200;
const OK_MAX = 299;
const GONE = 410;

/** A redirect is a failure like any other: it is never followed, whatever it points at. */
export function verdictOf(outcome: AttemptOutcome): Verdict {
  if (outcome.type === 'failed') return 'failed';
  const { statusCode } = outcome;
  if (statusCode >= OK_MIN && statusCode <= OK_MAX) return 'delivered';
  return statusCode === GONE ? 'gone' : 'failed';
}

/** What follows from one attempt, the `attempts`-th; the wait is unscaled. */
export type Following =
  | { readonly status: Extract<DeliveryStatus, 'delivered' | 'dead'> }
  | { readonly status: 'pending'; readonly waitMs: number };

/** An event that met 410 stays pending, also at its last attempt: it goes out when the endpoint is enabled again. */
export function followingOf(verdict: Verdict, attempts: number): Following {
  switch (verdict) {
    case 'delivered':
      return { status: 'delivered' };
    case 'gone':
      return { status: 'pending', waitMs: waitAfterMs(attempts) ?? LAST_WAIT_MS };
    case 'failed': {
      const waitMs = waitAfterMs(attempts);
      return waitMs === undefined ? { status: 'dead' } : { status: 'pending', waitMs };
    }
    default:
      return unreachable(verdict);
  }
}

/** For the delivery's record and the Web UI. */
export function describeOutcome(outcome: AttemptOutcome): string {
  return outcome.type === 'answered' ? `HTTP ${outcome.statusCode}` : DESCRIPTIONS[outcome.error];
}

const DESCRIPTIONS: Readonly<Record<AttemptError, string>> = {
  timeout: 'no answer in time',
  connection_failed: 'the connection failed or was closed',
  name_not_resolved: 'the host name could not be resolved',
  tls: 'the TLS certificate or handshake was refused',
  internal: 'an error inside Interlock; nothing was sent',
  forbidden_target: 'the host resolves to an address that webhooks are not sent to',
};
