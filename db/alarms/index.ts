/**
 * db/alarms/: how things stand, for gauges and alarms. What lives here: one bounded look at Postgres, and the rows of what
 * fires. What may not: judging, which domain/alarms does.
 */
export { bookedFor, type CanaryRun, recordCanary } from './canary.ts';
export { readFacts, type StoredFacts } from './facts.ts';
export { changeAlarms, forgetAlarms } from './standings.ts';
