import { alarms, duration } from './alarm.ts';

/** What merchants, finance and auditors feel: letters, deliveries, cases, settlement, the ledger and its proofs. */

const INBOX_SECONDS = 600;
const HELD_SECONDS = 60;
const DELIVERY_SECONDS = 300;
const DEAD_LETTERS = 10;
const DAYS_BEHIND = 2;
const ANCHOR_SECONDS = 600;

/** Seen once, or still to be cleared by a person: the damage stands although nobody sees it any more. */
const uncleared = (name: string, seen: string) =>
  `(${seen})\nor max(interlock_alarm_uncleared{alarm="${name}"}) > 0`;

export const moneyAlarms = alarms([
  {
    name: 'InboxStale',
    severity: 'page',
    summary: "A provider's webhook has not been read for {{ $value | humanizeDuration }}",
    means:
      'Its payment does not know yet what the provider told: a capture, a refund, a dispute. The sweeper tells it again.',
    expr: `max(interlock_inbox_oldest_age_seconds) > ${INBOX_SECONDS}`,
    forSeconds: 300,
    runbook: 'inbox-stale',
    needs: ['inbox'],
    holds: ({ inbox: { unacknowledged, oldestSeconds } }, scale) =>
      oldestSeconds > scale.limit(INBOX_SECONDS)
        ? [{ subject: '', detail: `${unacknowledged} unread, the oldest for ${duration(oldestSeconds)}` }]
        : [],
    cases: {
      fires: {
        says: "A provider's webhook has not been read for 20m 0s",
        series: [{ series: 'interlock_inbox_oldest_age_seconds', values: '0+60x30' }],
        at: '20m',
      },
      rests: { series: [{ series: 'interlock_inbox_oldest_age_seconds', values: '0+60x5 0x30' }], at: '20m' },
    },
  },
  {
    name: 'EventsHeld',
    severity: 'page',
    summary: 'A transaction holds back all events since {{ $value | humanizeDuration }}',
    means:
      'Events are read in the order of their transactions, so one that is left open, in any database of the server, keeps merchants and the console from hearing of later ones. Payments go on, and nothing is lost.',
    expr: `max(interlock_events_held_age_seconds) > ${HELD_SECONDS}`,
    forSeconds: 60,
    runbook: 'events-held',
    needs: ['eventsHeldSeconds'],
    holds: ({ eventsHeldSeconds }, scale) =>
      eventsHeldSeconds > scale.limit(HELD_SECONDS)
        ? [{ subject: '', detail: `the oldest event waits for ${duration(eventsHeldSeconds)}` }]
        : [],
    cases: {
      fires: {
        says: 'A transaction holds back all events since 5m 0s',
        series: [{ series: 'interlock_events_held_age_seconds', values: '0+60x20' }],
        at: '5m',
      },
      rests: { series: [{ series: 'interlock_events_held_age_seconds', values: '0.2x20' }], at: '5m' },
    },
  },
  {
    name: 'DeliveriesBehind',
    severity: 'page',
    summary: 'Events for merchants are due since {{ $value | humanizeDuration }} and not sent',
    means:
      "Merchants don't hear of payments. Nothing is lost, and the order is kept; it is our delivery that is behind, not their endpoints.",
    expr: `max(interlock_webhook_deliveries_oldest_due_age_seconds) > ${DELIVERY_SECONDS}`,
    forSeconds: 120,
    runbook: 'deliveries-behind',
    needs: ['deliveries'],
    holds: ({ deliveries: { due, oldestDueSeconds } }, scale) =>
      oldestDueSeconds > scale.limit(DELIVERY_SECONDS)
        ? [{ subject: '', detail: `${due} due, the oldest since ${duration(oldestDueSeconds)}` }]
        : [],
    cases: {
      fires: {
        says: 'Events for merchants are due since 12m 0s and not sent',
        series: [{ series: 'interlock_webhook_deliveries_oldest_due_age_seconds', values: '0+60x20' }],
        at: '12m',
      },
      rests: {
        series: [{ series: 'interlock_webhook_deliveries_oldest_due_age_seconds', values: '4x20' }],
        at: '12m',
      },
    },
  },
  {
    name: 'DeadLetters',
    severity: 'ticket',
    summary: '{{ $value }} events were given up within the last hour',
    means:
      "A merchant's endpoint has refused them for three days. The merchant has to hear of it, and may have them sent again.",
    expr: `max(interlock_webhook_deliveries_dead_lately) >= ${DEAD_LETTERS}`,
    forSeconds: 0,
    runbook: 'dead-letters',
    needs: ['deliveries'],
    holds: ({ deliveries: { deadLately } }) =>
      deadLately >= DEAD_LETTERS ? [{ subject: '', detail: `${deadLately} within the last hour` }] : [],
    cases: {
      fires: {
        says: '12 events were given up within the last hour',
        series: [{ series: 'interlock_webhook_deliveries_dead_lately', values: '12x5' }],
        at: '3m',
      },
      rests: { series: [{ series: 'interlock_webhook_deliveries_dead_lately', values: '2x5' }], at: '3m' },
    },
  },
  {
    name: 'ExceptionsOverdue',
    severity: 'ticket',
    summary: '{{ $value }} exceptions of kind {{ $labels.kind }} are past their time',
    means: 'Money that is in question has waited longer than was promised for a person.',
    expr: 'max by (kind) (interlock_exceptions_overdue) > 0',
    forSeconds: 300,
    runbook: 'exceptions-overdue',
    needs: ['exceptions'],
    holds: ({ exceptions }) =>
      exceptions
        .filter(({ overdue }) => overdue > 0)
        .map(({ kind, overdue, oldestSeconds }) => ({
          subject: kind,
          detail: `${overdue} past their time, the oldest is ${duration(oldestSeconds)} old`,
        })),
    cases: {
      fires: {
        says: '2 exceptions of kind amount_under are past their time',
        series: [{ series: 'interlock_exceptions_overdue{kind="amount_under"}', values: '2x10' }],
        at: '8m',
        labels: { kind: 'amount_under' },
      },
      rests: {
        series: [{ series: 'interlock_exceptions_overdue{kind="amount_under"}', values: '0x10' }],
        at: '8m',
      },
    },
  },
  {
    name: 'SettlementLate',
    severity: 'ticket',
    summary: '{{ $labels.account }} is {{ $value }} business days behind',
    means:
      "Its settlement files did not come or could not be booked, so nobody has yet checked its charges against the provider's word.",
    expr: `max by (provider, account) (interlock_settlement_days_behind) >= ${DAYS_BEHIND}`,
    forSeconds: 900,
    runbook: 'settlement-late',
    needs: ['settlement'],
    holds: ({ settlement }) =>
      settlement
        .filter(({ daysBehind }) => daysBehind >= DAYS_BEHIND)
        .map(({ account, daysBehind }) => ({
          subject: account,
          detail: `no day was settled for ${daysBehind} business days`,
        })),
    cases: {
      fires: {
        says: 'pa_1 is 3 business days behind',
        series: [
          { series: 'interlock_settlement_days_behind{provider="stripe",account="pa_1"}', values: '3x40' },
        ],
        at: '20m',
        labels: { provider: 'stripe', account: 'pa_1' },
      },
      rests: {
        series: [
          { series: 'interlock_settlement_days_behind{provider="stripe",account="pa_1"}', values: '1x40' },
        ],
        at: '20m',
      },
    },
  },
  {
    name: 'SettlementMissing',
    severity: 'ticket',
    summary: '{{ $value }} bookings of {{ $labels.account }} are in no settlement file',
    means: 'We booked money that the provider has not settled when it should have.',
    expr: 'max by (provider, account) (interlock_settlement_bookings_missing) > 0',
    forSeconds: 300,
    runbook: 'settlement-missing',
    needs: ['settlement'],
    holds: ({ settlement }) =>
      settlement
        .filter(({ missing }) => missing > 0)
        .map(({ account, missing }) => ({ subject: account, detail: `${missing} bookings passed over` })),
    cases: {
      fires: {
        says: '4 bookings of pa_2 are in no settlement file',
        series: [
          {
            series: 'interlock_settlement_bookings_missing{provider="adyen",account="pa_2"}',
            values: '4x20',
          },
        ],
        at: '10m',
        labels: { provider: 'adyen', account: 'pa_2' },
      },
      rests: {
        series: [
          {
            series: 'interlock_settlement_bookings_missing{provider="adyen",account="pa_2"}',
            values: '0x20',
          },
        ],
        at: '10m',
      },
    },
  },
  {
    name: 'LedgerUnbalanced',
    severity: 'page',
    summary: 'Ledger transactions do not come to nothing',
    means:
      'It cannot be: Postgres refuses such a transaction at its commit. Somebody has been at the tables, or a trigger is gone.',
    expr: uncleared('LedgerUnbalanced', 'max(interlock_ledger_unbalanced_transactions) > 0'),
    forSeconds: 0,
    runbook: 'ledger-unbalanced',
    needs: ['unbalanced'],
    stays: true,
    holds: ({ unbalanced }) =>
      unbalanced > 0 ? [{ subject: '', detail: `${unbalanced} of the last minute` }] : [],
    cases: {
      fires: {
        says: 'Ledger transactions do not come to nothing',
        // Seen once, and there until a person has cleared it.
        series: [
          { series: 'interlock_ledger_unbalanced_transactions', values: '0 1 0x5' },
          { series: 'interlock_alarm_uncleared{alarm="LedgerUnbalanced"}', values: '_ 1x5' },
        ],
        at: '5m',
      },
      rests: { series: [{ series: 'interlock_ledger_unbalanced_transactions', values: '0x5' }], at: '3m' },
    },
  },
  {
    name: 'AuditChainBroken',
    severity: 'page',
    summary: 'Anchored audit heads no longer agree with Postgres',
    means:
      'The explanation of what happened to a payment was changed after it was signed. It is a security incident until proven otherwise.',
    expr: uncleared('AuditChainBroken', 'max(interlock_audit_heads_disowned) > 0'),
    forSeconds: 0,
    runbook: 'audit-chain-broken',
    needs: ['anchor'],
    ofWorker: true,
    stays: true,
    holds: ({ anchor }) =>
      anchor !== null && anchor.disowned > 0
        ? [{ subject: '', detail: `${anchor.disowned} anchored heads are not what Postgres has` }]
        : [],
    cases: {
      fires: {
        says: 'Anchored audit heads no longer agree with Postgres',
        series: [
          { series: 'interlock_audit_heads_disowned', values: '0 1 0x5' },
          { series: 'interlock_alarm_uncleared{alarm="AuditChainBroken"}', values: '_ 1x5' },
        ],
        at: '5m',
      },
      rests: { series: [{ series: 'interlock_audit_heads_disowned', values: '0x5' }], at: '5m' },
    },
  },
  {
    name: 'AuditAnchorStale',
    severity: 'ticket',
    summary: 'Audit heads have not been anchored for {{ $value | humanizeDuration }}',
    means: 'Since then a change of the audit rows could not be proven from outside of Postgres.',
    expr: `min(interlock_audit_anchor_age_seconds) > ${ANCHOR_SECONDS}`,
    forSeconds: 120,
    runbook: 'audit-anchor-stale',
    needs: ['anchor'],
    ofWorker: true,
    holds: ({ anchor }, scale) =>
      anchor !== null && anchor.ageSeconds > scale.limit(ANCHOR_SECONDS)
        ? [{ subject: '', detail: `last written ${duration(anchor.ageSeconds)} ago` }]
        : [],
    cases: {
      fires: {
        says: 'Audit heads have not been anchored for 20m 0s',
        series: [{ series: 'interlock_audit_anchor_age_seconds', values: '0+60x30' }],
        at: '20m',
      },
      rests: { series: [{ series: 'interlock_audit_anchor_age_seconds', values: '40x30' }], at: '20m' },
    },
  },
]);
