import { describe, expect, it } from 'vitest';
import { alarmByName } from '../../domain/alarms/index.ts';
import { aftermathMs, EXPLANATIONS, judgeAlarms } from './alarms.ts';
import type { FaultLine, Row, StormEvidence } from './evidence-types.ts';

/** Evidence with nothing but faults and alarms in it: the judge looks at nothing else. */
function evidence(
  faults: readonly FaultLine[],
  alarm: readonly Row[],
  exception: readonly Row[] = [],
): StormEvidence {
  return { faults, tables: { alarm, exception }, timeScale: 0.005 } as unknown as StormEvidence;
}

const at = 1_000_000;
const dark: FaultLine = {
  at,
  endedAt: at + 10_000,
  kind: 'provider',
  target: 'sandbox-stripe',
  what: 'dark',
  detail: {},
};
const row = (name: string, subject: string, afterMs: number): Row => ({
  name,
  subject,
  detail: '',
  fired_at: new Date(at + afterMs),
});

describe('the judge of alarms', () => {
  it('is content with an alarm of the provider that was dark', () => {
    const verdict = judgeAlarms(evidence([dark], [row('ProviderCircuitOpen', 'pa_demo_stripe', 5_000)]));
    expect(verdict).toMatchObject({ unexplained: [], missing: [] });
  });

  it('names an alarm of a provider that nobody touched', () => {
    const alarms = [
      row('ProviderCircuitOpen', 'pa_demo_stripe', 5_000),
      row('ProviderCircuitOpen', 'pa_demo_adyen', 5_000),
    ];
    const { unexplained } = judgeAlarms(evidence([dark], alarms));
    expect(unexplained.map(({ subject }) => subject)).toEqual(['pa_demo_adyen']);
  });

  it('names an alarm that fired before the fault, or of another kind', () => {
    const alarms = [
      row('ProviderCircuitOpen', 'pa_demo_stripe', -1_000),
      row('LedgerUnbalanced', '', 5_000),
      row('ProviderCircuitOpen', 'pa_demo_stripe', 5_000),
    ];
    const { unexplained } = judgeAlarms(evidence([dark], alarms));
    expect(unexplained.map(({ name }) => name)).toEqual(['ProviderCircuitOpen', 'LedgerUnbalanced']);
  });

  it('misses the alarm that a dark provider has to raise', () => {
    expect(judgeAlarms(evidence([dark], [])).missing).toEqual(['ProviderCircuitOpen pa_demo_stripe']);
    const brief = { ...dark, endedAt: at + 1_000 };
    expect(judgeAlarms(evidence([brief], [])).missing).toEqual([]);
  });

  it('lets a fault explain an alarm for as long as that alarm looks back, and no longer', () => {
    const worker: FaultLine = { ...dark, kind: 'kill', target: 'worker-0', what: 'random' };
    const late = (name: string, afterMs: number) =>
      judgeAlarms(evidence([worker], [row(name, 'interlock', 10_000 + afterMs)])).unexplained.length;
    for (const name of ['TaskQueueBehind', 'InboxStale', 'ProviderNotAnswering', 'TemporalUnreachable']) {
      const within = aftermathMs(name, 0.005);
      expect(late(name, within - 1)).toBe(0);
      expect(late(name, within + 1)).toBe(1);
    }
    expect(aftermathMs('TemporalUnreachable', 0.005)).toBeLessThan(60_000);
    expect(aftermathMs('InboxStale', 0.005)).toBeLessThan(120_000);
  });

  it('takes a killed or frozen worker, or Temporal, for no reason that a workflow is stuck', () => {
    for (const target of ['worker-0', 'temporal']) {
      for (const kind of ['kill', 'freeze'] as const) {
        const faults = [{ ...dark, kind, target, what: 'random' }];
        const { unexplained } = judgeAlarms(evidence(faults, [row('WorkflowsStuck', '', 5_000)]));
        expect(unexplained).toHaveLength(1);
      }
    }
  });

  it('takes them for the reason where the server refuses every answer to an update that they were in the midst of', () => {
    const stuck = (cause: string) => ({
      kind: 'workflow_stuck',
      summary: `it could not go on (${cause}); see`,
    });
    const known = stuck('BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE');
    const unexplained = (target: string, exceptions: readonly Row[]) => {
      const faults: FaultLine[] = [{ ...dark, kind: 'kill', target, what: 'random' }];
      return judgeAlarms(evidence(faults, [row('WorkflowsStuck', '', 5_000)], exceptions)).unexplained.length;
    };
    expect(unexplained('worker-0', [known])).toBe(0);
    expect(unexplained('temporal', [known])).toBe(1);
    expect(unexplained('worker-0', [known, stuck('NON_DETERMINISTIC_ERROR')])).toBe(1);
  });

  it('misses what a Temporal that is away, a dead provider and a wrong clock have to raise', () => {
    const long = { ...dark, endedAt: at + 15_000 };
    const faults: FaultLine[] = [
      { ...long, kind: 'kill', target: 'temporal', what: 'random' },
      { ...long, kind: 'kill', target: 'sandbox-adyen', what: 'random' },
      { ...long, kind: 'clock', target: 'worker-1', what: 'jump' },
    ];
    expect(judgeAlarms(evidence(faults, [])).missing).toEqual([
      'TemporalUnreachable',
      'ProviderCircuitOpen pa_demo_adyen',
      'ClockSkewed',
    ]);
    const alarms = [
      row('TemporalUnreachable', 'host:1', 6_000),
      row('ProviderCircuitOpen', 'pa_demo_adyen', 6_000),
      row('ClockSkewed', 'host:2', 6_000),
    ];
    expect(judgeAlarms(evidence(faults, alarms))).toMatchObject({ unexplained: [], missing: [] });
  });

  it('leaves out what never fired', () => {
    const pending = { ...row('InboxStale', '', 0), fired_at: null };
    expect(judgeAlarms(evidence([], [pending])).fired).toEqual([]);
  });

  it('knows no alarm that the table does not have', () => {
    const named = Object.values(EXPLANATIONS).flatMap((all) =>
      all.flatMap(({ raises, ofItsProvider = [] }) => [...raises, ...ofItsProvider]),
    );
    expect(named.filter((name) => alarmByName(name) === undefined)).toEqual([]);
  });
});
