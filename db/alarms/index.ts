/**
 * db/alarms/: how things stand, for gauges and alarms. What lives here: one bounded look at Postgres, and the rows of what
 * fires. What may not: judging, which domain/alarms does.
 */
export { bookedFor, type CanaryRun, recordCanary } from './canary.ts';
export { createFactsReader, isAway, type StoredLook } from './facts.ts';
export { changeAlarms, forgetAlarms, noteLook } from './standings.ts';
