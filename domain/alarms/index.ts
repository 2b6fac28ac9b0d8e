/**
 * domain/alarms/: one table of everything that somebody is told of, as data. Prometheus' rules, their tests, the runbooks' links and
 * the console's alarms are all made from it, so that none of them can know an alarm that the others don't.
 */
import type { Alarm } from './alarm.ts';
import { moneyAlarms } from './money.ts';
import { platformAlarms } from './platform.ts';
import { providerAlarms } from './providers.ts';
import { sloAlarms } from './slo.ts';

export type { Alarm, Holding, RuleCase, RuleSeries, Scale, Severity } from './alarm.ts';
export { duration, scaleOf } from './alarm.ts';
export type * from './facts.ts';
export { canaryLimitSeconds, WORKERS_ABSENT, workersAbsent } from './platform.ts';
export { PLATFORM_FAILURES } from './providers.ts';
export { OBJECTIVES, type Recording, recordings } from './slo.ts';
export { type Change, judge, type Standing } from './standing.ts';

export const ALARMS: readonly Alarm[] = [...sloAlarms, ...providerAlarms, ...platformAlarms, ...moneyAlarms];

export function alarmByName(name: string): Alarm | undefined {
  return ALARMS.find((alarm) => alarm.name === name);
}
