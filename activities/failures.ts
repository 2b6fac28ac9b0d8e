import { ApplicationFailure, log } from '@temporalio/activity';
import { AssertionFailure } from '../domain/machine.ts';
import { ReportFault } from '../providers/reports.ts';

/**
 * The only place that turns a fault into a Temporal failure. A bug is not retried: repeating it helps
 * nobody, and a person must see it. Everything else that an activity throws is a fault of this machine's
 * surroundings (Postgres away, vault key missing), happened before anything was sent, and is retried.
 * Faults at a provider never come here: they are outcomes.
 */
export const FAILURE_TYPES = {
  bug: 'Bug',
  unavailable: 'Unavailable',
  /** A provider will not give a report, however soon it is asked again. */
  reportRefused: 'ReportRefused',
} as const;

export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof AssertionFailure) {
    return ApplicationFailure.create({ message: error.message, type: FAILURE_TYPES.bug, nonRetryable: true });
  }
  if (error instanceof ReportFault) {
    const type = error.retryable ? FAILURE_TYPES.unavailable : FAILURE_TYPES.reportRefused;
    const failure = ApplicationFailure.create({
      message: error.message,
      type,
      nonRetryable: !error.retryable,
    });
    // The provider's, not ours: where in our code it was noticed would only fill histories.
    failure.stack = '';
    return failure;
  }
  // Messages of drivers and SDKs may quote what they were given, so only the error's name travels on.
  const name = error instanceof Error ? error.name : typeof error;
  const code = codeOf(error);
  log.error('activity failed', { error: name, code });
  return ApplicationFailure.create({
    message: `${name}${code === undefined ? '' : ` (${code})`}`,
    type: FAILURE_TYPES.unavailable,
  });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' || typeof error.code === 'number' ? String(error.code) : undefined;
}

/** Wraps every activity of a factory, so that none can forget it. */
export function guarded<T extends Record<string, (...args: never[]) => Promise<unknown>>>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    async (...args: never[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
