import { stringify } from 'yaml';
import { ALARMS, type Alarm, type RuleCase, recordings } from '../../domain/alarms/index.ts';

/** Prometheus' rules and their tests, made from the table in domain/alarms: nothing in them is written by hand. */

const HEADER =
  '# Made from domain/alarms by `node --import tsx deploy/generate.ts`: change the table, not this file.\n';

/**
 * Where the pages of docs/runbooks are read: a placeholder, because an alert's link must be absolute and only you know where
 * you keep them. `node --import tsx deploy/generate.ts --runbooks https://...` puts yours in its place.
 */
export const RUNBOOKS = 'https://interlock.example/docs/runbooks';

const yaml = (value: unknown) => HEADER + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** Prometheus' own way to write it: whole minutes where it can. */
function prometheusDuration(seconds: number): string {
  if (seconds === 0) return '0s';
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

export function recordingYaml(): string {
  return yaml({
    groups: [
      {
        name: 'interlock-slo',
        interval: '1m',
        rules: recordings.map(({ record, expr }) => ({ record, expr })),
      },
    ],
  });
}

export function alertsYaml(runbooks: string): string {
  const rules = ALARMS.map((alarm) => ({
    alert: alarm.name,
    expr: alarm.expr,
    ...(alarm.forSeconds === 0 ? {} : { for: prometheusDuration(alarm.forSeconds) }),
    labels: { severity: alarm.severity },
    annotations: annotationsOf(alarm, runbooks),
  }));
  return yaml({ groups: [{ name: 'interlock', rules }] });
}

function annotationsOf({ summary, means, runbook }: Alarm, runbooks: string) {
  return { summary, description: means, runbook_url: `${runbooks}/${runbook}.md` };
}

/** One case in which each alert fires and one in which it doesn't, for `promtool test rules`. */
export function testsYaml(runbooks: string): string {
  return yaml({
    rule_files: ['../recording.yaml', '../alerts.yaml'],
    evaluation_interval: '1m',
    tests: ALARMS.flatMap((alarm) => [
      testOf(alarm, 'fires', alarm.cases.fires, runbooks),
      testOf(alarm, 'rests', alarm.cases.rests, runbooks),
    ]),
  });
}

function testOf(
  alarm: Alarm,
  what: 'fires' | 'rests',
  { series, at, labels, says }: RuleCase,
  runbooks: string,
) {
  const expected = {
    exp_labels: { severity: alarm.severity, ...labels },
    exp_annotations: { ...annotationsOf(alarm, runbooks), summary: says },
  };
  return {
    name: `${alarm.name} ${what}`,
    interval: '1m',
    input_series: series.map((each) => ({ series: each.series, values: each.values })),
    alert_rule_test: [
      {
        eval_time: at,
        alertname: alarm.name,
        exp_alerts: what === 'rests' ? [] : [expected],
      },
    ],
  };
}

/** Every file that is made, by its path under deploy/prometheus. */
export function generatedRules(runbooks: string = RUNBOOKS): Readonly<Record<string, string>> {
  return {
    'recording.yaml': recordingYaml(),
    'alerts.yaml': alertsYaml(runbooks),
    'tests/alerts.yaml': testsYaml(runbooks),
  };
}
