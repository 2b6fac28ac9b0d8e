import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALARMS,
  type Alarm,
  alarmByName,
  duration,
  type Facts,
  judge,
  type Look,
  type Standing,
  scaleOf,
} from './index.ts';

/** Everything is well: whoever changes one thing sees what it raises. */
const WELL: Facts = {
  providers: [],
  usualApproval: new Map([['pa_1', 0.9]]),
  unknown: [],
  openOperations: 0,
  payments: { sends: 0, sentFor: 0 },
  answers: { answered: 0, failed: 0 },
  inbox: { unacknowledged: 0, oldestSeconds: 0 },
  deliveries: { due: 0, oldestDueSeconds: 0, dead: 0, deadLately: 0 },
  eventsHeldSeconds: 0,
  exceptions: [],
  settlement: [],
  unbalanced: 0,
  uncleared: [],
  stuckWorkflows: 0,
  rollupAgeSeconds: null,
  anchor: null,
  canary: null,
  queues: [],
  clockSkewSeconds: 0,
  temporalAwaySeconds: 0,
};
const REAL = scaleOf(1);
const account = {
  provider: 'stripe',
  account: 'pa_1',
  circuit: 'closed' as const,
  recent: { attempts: 100, answered: 100, approved: 90, unknown: 0 },
};

const holding = (facts: Partial<Facts>, scale = REAL) =>
  ALARMS.flatMap(({ name, holds }) =>
    (holds?.({ ...WELL, ...facts }, scale) ?? []).map(({ subject }) => `${name} ${subject}`.trim()),
  );

describe('the table of alarms', () => {
  it('has one entry a name, a runbook each, and summaries of one line', () => {
    expect(new Set(ALARMS.map(({ name }) => name)).size).toBe(ALARMS.length);
    for (const { name, runbook, summary, means } of ALARMS) {
      expect(name).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(runbook).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(summary).not.toContain('\n');
      expect(means.length).toBeGreaterThan(30);
    }
  });

  it('is silent where everything is well, and where there is nothing yet', () => {
    expect(holding({})).toEqual([]);
    expect(holding({ providers: [account] })).toEqual([]);
  });

  it.each<[string, Partial<Facts>]>([
    ['ProviderCircuitOpen pa_1', { providers: [{ ...account, circuit: 'half_open' }] }],
    [
      'ProviderApprovalDropped pa_1',
      { providers: [{ ...account, recent: { ...account.recent, approved: 50 } }] },
    ],
    [
      'ProviderNotAnswering pa_1',
      { providers: [{ ...account, recent: { attempts: 20, answered: 17, approved: 16, unknown: 3 } }] },
    ],
    ['UnknownOutcomeTooOld adyen', { unknown: [{ provider: 'adyen', count: 1, oldestSeconds: 901 }] }],
    ['PaymentsFailing', { answers: { answered: 100, failed: 6 } }],
    ['RetryAmplification', { payments: { sends: 260, sentFor: 100 } }],
    [
      'TaskQueueBehind interlock workflow',
      { queues: [{ queue: 'interlock', kind: 'workflow', backlog: 9, backlogSeconds: 61, pollers: 1 }] },
    ],
    ['TemporalUnreachable', { temporalAwaySeconds: 1 }],
    ['WorkflowsStuck', { stuckWorkflows: 1 }],
    ['ClockSkewed', { clockSkewSeconds: -3 }],
    ['CanaryFailing', { canary: { lastSuccessSeconds: 241, everySeconds: 60 } }],
    ['FiguresStale', { rollupAgeSeconds: 1_801 }],
    ['InboxStale', { inbox: { unacknowledged: 1, oldestSeconds: 601 } }],
    ['EventsHeld', { eventsHeldSeconds: 61 }],
    ['DeliveriesBehind', { deliveries: { due: 1, oldestDueSeconds: 301, dead: 0, deadLately: 0 } }],
    ['DeadLetters', { deliveries: { due: 0, oldestDueSeconds: 0, dead: 10, deadLately: 10 } }],
    [
      'ExceptionsOverdue amount_under',
      { exceptions: [{ kind: 'amount_under', open: 2, oldestSeconds: 9, overdue: 1 }] },
    ],
    [
      'SettlementLate pa_1',
      { settlement: [{ provider: 'stripe', account: 'pa_1', daysBehind: 2, missing: 0 }] },
    ],
    [
      'SettlementMissing pa_1',
      { settlement: [{ provider: 'stripe', account: 'pa_1', daysBehind: 0, missing: 1 }] },
    ],
    ['LedgerUnbalanced', { unbalanced: 1 }],
    ['AuditChainBroken', { anchor: { ageSeconds: 1, disowned: 1 } }],
    ['AuditAnchorStale', { anchor: { ageSeconds: 601, disowned: 0 } }],
  ])('holds %s, and nothing else', (expected, facts) => {
    expect(holding(facts)).toEqual([expected]);
  });

  it('says nothing of an approval rate that rests on a few answers', () => {
    const recent = { attempts: 3, answered: 3, approved: 0, unknown: 0 };
    expect(holding({ providers: [{ ...account, recent }] })).toEqual([]);
  });
});

describe('waits and ages', () => {
  it('are real by default, and never scaled below what is not scaled', () => {
    expect(REAL.limit(900)).toBe(900);
    expect(REAL.wait(60)).toBe(60);
    const storm = scaleOf(0.005);
    expect(storm.limit(900)).toBe(30);
    expect(storm.wait(60)).toBe(3);
    expect(storm.wait(0)).toBe(0);
    expect(holding({ inbox: { unacknowledged: 1, oldestSeconds: 31 } }, storm)).toEqual(['InboxStale']);
  });

  it('are told in words that a person reads', () => {
    expect([duration(45), duration(900), duration(10_000), duration(Number.POSITIVE_INFINITY)]).toEqual([
      '45 s',
      '15 min',
      '3 h',
      'for ever',
    ]);
  });
});

describe('judging one look', () => {
  const nowMs = 1_000_000_000;
  const dark: Facts = { ...WELL, providers: [{ ...account, circuit: 'open' }] };
  const since = (ms: number, fired = false): Standing => ({
    name: 'ProviderCircuitOpen',
    subject: 'pa_1',
    sinceMs: nowMs - ms,
    seenMs: nowMs,
    ...(fired ? { firedAtMs: nowMs - ms } : {}),
  });
  const told = (look: Look, standing: readonly Standing[], worker = 'here:1') =>
    judge(ALARMS, look, standing, { nowMs, scale: REAL, worker }).map((change) =>
      change.type === 'end' ? 'end' : `${change.type}${change.fires ? ' fires' : ''}`,
    );

  it('begins to hold, fires once it has held for long enough, and fires once', () => {
    expect(told(dark, [])).toEqual(['hold']);
    expect(told(dark, [since(59_000)])).toEqual(['keep']);
    expect(told(dark, [since(60_000)])).toEqual(['keep fires']);
    expect(told(dark, [since(90_000, true)])).toEqual(['keep']);
  });

  it('ends what holds no more, and what no release knows any more', () => {
    expect(told(WELL, [since(10_000)])).toEqual(['end']);
    expect(told(WELL, [{ ...since(10_000, true), name: 'OfAnotherRelease' }])).toEqual(['end']);
  });

  it('fires at once what has no wait', () => {
    expect(told({ ...WELL, unbalanced: 1 }, [])).toEqual(['hold fires']);
  });

  it('leaves as it is what this look could not find out', () => {
    expect(told({ ...dark, providers: undefined }, [since(90_000, true)])).toEqual([]);
    expect(told({ ...WELL, providers: undefined }, [])).toEqual([]);
    const dropped = { ...WELL, providers: [{ ...account, recent: { ...account.recent, approved: 50 } }] };
    const low = { ...since(90_000, true), name: 'ProviderApprovalDropped' };
    expect(told(dropped, [low])).toEqual(['keep']);
    expect(told({ ...dropped, usualApproval: undefined }, [low])).toEqual([]);
    const named = (name: string): Standing => ({ ...since(90_000, true), name, subject: '' });
    expect(told({ ...WELL, queues: undefined }, [named('TaskQueueBehind')])).toEqual([]);
    expect(told({ ...WELL, canary: undefined }, [named('CanaryFailing')])).toEqual([]);
    // Switched off on purpose: nothing is left to fail.
    expect(told(WELL, [named('CanaryFailing')])).toEqual(['end']);
  });

  it('leaves to each worker what is about that worker, until it is gone', () => {
    const skewed = { ...WELL, clockSkewSeconds: 9 };
    const changes = judge(ALARMS, skewed, [], { nowMs, scale: REAL, worker: 'here:1' });
    expect(changes).toMatchObject([{ type: 'hold', holding: { subject: 'here:1' } }]);
    const its = { ...since(200_000, true), name: 'ClockSkewed', subject: 'there:2' };
    expect(told(WELL, [its])).toEqual([]);
    expect(told(skewed, [its])).toEqual(['hold']);
    expect(told(WELL, [its], 'there:2')).toEqual(['end']);
    expect(told(WELL, [{ ...its, seenMs: nowMs - 299_000 }])).toEqual([]);
    expect(told(WELL, [{ ...its, seenMs: nowMs - 301_000 }])).toEqual(['end']);
  });

  it('ends no proof of damage: a person does', () => {
    for (const [name, subject] of [
      ['LedgerUnbalanced', ''],
      ['AuditChainBroken', 'here:1'],
      ['AuditChainBroken', 'long-gone:1'],
    ] as const) {
      expect(told(WELL, [{ ...since(9_000_000, true), name, subject, seenMs: 0 }])).toEqual([]);
    }
  });

  it('reads nothing but what an alarm says that it needs', () => {
    for (const { holds, needs = [] } of ALARMS) {
      if (holds === undefined) continue;
      expect(needs.length).toBeGreaterThan(0);
      const asked: string[] = [];
      holds(
        new Proxy(WELL, {
          get(facts, name) {
            asked.push(String(name));
            return Reflect.get(facts, name) as unknown;
          },
        }),
        REAL,
      );
      expect(needs).toEqual(expect.arrayContaining(asked));
    }
  });

  it('leaves exactly what holds open, whatever stood before', () => {
    const names = ALARMS.filter(({ holds, stays }) => holds !== undefined && !stays).map(({ name }) => name);
    const standings = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom(...names, 'Gone'),
        subject: fc.constantFrom('', 'pa_1', 'pa_2'),
        sinceMs: fc.integer({ min: 0, max: nowMs }),
        seenMs: fc.constant(0),
      }),
      { selector: ({ name, subject }) => `${name} ${subject}` },
    );
    fc.assert(
      fc.property(standings, fc.boolean(), (standing, isDark) => {
        const facts = isDark ? dark : WELL;
        const open = new Set(standing.map(({ name, subject }) => `${name} ${subject}`));
        for (const change of judge(ALARMS, facts, standing, { nowMs, scale: REAL, worker: 'here:1' })) {
          if (change.type === 'end') open.delete(`${change.name} ${change.subject}`);
          else open.add(`${change.alarm.name} ${change.holding.subject}`);
        }
        const holds = ALARMS.flatMap((alarm: Alarm) =>
          (alarm.holds?.(facts, REAL) ?? []).map(({ subject }) => `${alarm.name} ${subject}`),
        );
        expect([...open].sort()).toEqual(holds.sort());
      }),
    );
  });

  it('finds an alarm by its name', () => {
    expect(alarmByName('WorkersAbsent')?.severity).toBe('page');
    expect(alarmByName('Nothing')).toBeUndefined();
  });
});
