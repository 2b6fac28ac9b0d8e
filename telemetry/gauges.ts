import { Counter, Gauge, type Registry } from 'prom-client';
import { ALARMS, type Look } from '../domain/alarms/index.ts';

/**
 * What one look found, as gauges: each worker shows all of it, so rules take the maximum over workers. What it could not find
 * out stays as it was shown last.
 */
export interface FactGauges {
  show(look: Look): void;
  /** Whether a part could be asked at the last look. */
  reached(dependency: 'postgres' | 'temporal', up: boolean): void;
  /** What the sweeper of this process has found since it started. */
  swept(totals: Readonly<Record<string, number>>): void;
}

const ACCOUNT = ['provider', 'account'] as const;
const CIRCUIT_STATES = ['closed', 'open', 'half_open'] as const;

export function createFactGauges(registry: Registry): FactGauges {
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: `interlock_${name}`, help, labelNames, registers });
  const providers = providerGauges(gauge);
  const letters = letterGauges(gauge);
  const money = moneyGauges(gauge);
  const platform = platformGauges(gauge);
  const up = gauge('dependency_up', 'Whether the last look could ask it.', ['dependency']);
  const lookedAt = gauge('last_look_timestamp_seconds', 'When this worker last looked at how things stand.');
  const findings = new Counter({
    name: 'interlock_sweeper_findings_total',
    help: 'What the sweeper of this worker found and set right.',
    labelNames: ['finding'] as const,
    registers,
  });
  const counted = new Map<string, number>();
  return {
    show(facts) {
      providers(facts);
      letters(facts);
      money(facts);
      platform(facts);
      lookedAt.set(Date.now() / 1_000);
    },
    reached: (dependency, isUp) => up.set({ dependency }, isUp ? 1 : 0),
    swept(totals) {
      for (const [finding, total] of Object.entries(totals)) {
        findings.inc({ finding }, Math.max(0, total - (counted.get(finding) ?? 0)));
        counted.set(finding, total);
      }
    },
  };
}

type MakeGauge = <L extends string>(name: string, help: string, labelNames?: readonly L[]) => Gauge<L>;
type Show = (look: Look) => void;

function providerGauges(gauge: MakeGauge): Show {
  const circuit = gauge(
    'provider_circuit_state',
    '1 for the state that the circuit is in, 0 for the others.',
    [...ACCOUNT, 'state'],
  );
  const attempts = gauge('provider_recent_attempts', 'Charges tried within the last five minutes.', ACCOUNT);
  const answers = gauge('provider_recent_answers', 'Of them answered with yes or no.', ACCOUNT);
  const success = gauge('provider_success_ratio', 'Approved of those.', ACCOUNT);
  const usual = gauge(
    'provider_usual_success_ratio',
    'Approved of answered over the last seven days.',
    ACCOUNT,
  );
  const unknown = gauge('provider_unknown_ratio', 'Of the tried: sent, and left without an answer.', ACCOUNT);
  const p95 = gauge('provider_latency_p95_seconds', 'How long answers took: an upper bound.', ACCOUNT);
  const unknowns = gauge(
    'unknown_operations',
    'Outcomes that nobody knows yet, and that no person has been given.',
    ['provider'],
  );
  const oldest = gauge('unknown_operations_oldest_age_seconds', 'Since the oldest of them was sent.', [
    'provider',
  ]);
  const open = gauge(
    'open_operations',
    'Sent and not closed: what is under way, and what the resolver asks about.',
  );
  return (look) => {
    if (look.providers !== undefined)
      for (const each of [circuit, attempts, answers, success, unknown, p95]) each.reset();
    // Its labels are known only where both are.
    if (look.providers !== undefined && look.usualApproval !== undefined) usual.reset();
    for (const { provider, account, circuit: state, recent } of look.providers ?? []) {
      const labels = { provider, account };
      for (const each of CIRCUIT_STATES) circuit.set({ ...labels, state: each }, each === state ? 1 : 0);
      attempts.set(labels, recent.attempts);
      answers.set(labels, recent.answered);
      if (recent.answered > 0) success.set(labels, recent.approved / recent.answered);
      if (recent.attempts > 0) unknown.set(labels, recent.unknown / recent.attempts);
      const usualApproval = look.usualApproval?.get(account);
      if (usualApproval !== undefined) usual.set(labels, usualApproval);
      if (recent.latencyP95Seconds !== undefined) p95.set(labels, recent.latencyP95Seconds);
    }
    if (look.unknown !== undefined) for (const each of [unknowns, oldest]) each.reset();
    for (const { provider, count, oldestSeconds } of look.unknown ?? []) {
      unknowns.set({ provider }, count);
      oldest.set({ provider }, oldestSeconds);
    }
    if (look.openOperations !== undefined) open.set(look.openOperations);
  };
}

/** What providers told us, and what merchants are told. */
function letterGauges(gauge: MakeGauge): Show {
  const inbox = gauge('inbox_unacknowledged', "Providers' webhooks that no workflow has read.");
  const inboxAge = gauge('inbox_oldest_age_seconds', 'Since the oldest of them came.');
  const held = gauge(
    'events_held_age_seconds',
    'Of the oldest event that nobody may read yet: an older transaction is under way.',
  );
  const due = gauge('webhook_deliveries_due', 'Events for merchants that are due and not sent.');
  const dueAge = gauge('webhook_deliveries_oldest_due_age_seconds', 'Since the oldest of them is due.');
  const dead = gauge('webhook_deliveries_dead', 'Events for merchants that were given up.');
  const deadLately = gauge('webhook_deliveries_dead_lately', 'Of them, within the last hour.');
  return ({ inbox: letters, deliveries, eventsHeldSeconds }) => {
    if (letters !== undefined) {
      inbox.set(letters.unacknowledged);
      inboxAge.set(letters.oldestSeconds);
    }
    if (deliveries !== undefined) {
      due.set(deliveries.due);
      dueAge.set(deliveries.oldestDueSeconds);
      dead.set(deliveries.dead);
      deadLately.set(deliveries.deadLately);
    }
    if (eventsHeldSeconds !== undefined) held.set(eventsHeldSeconds);
  };
}

function moneyGauges(gauge: MakeGauge): Show {
  const open = gauge('exceptions_open', 'Open exceptions.', ['kind']);
  const age = gauge('exceptions_oldest_age_seconds', 'Since the oldest of them was opened.', ['kind']);
  const overdue = gauge('exceptions_overdue', 'Open exceptions past the time promised for them.', ['kind']);
  const behind = gauge(
    'settlement_days_behind',
    "Business days since the last one that was closed with a file, or accepted as one without, by the account's own days.",
    ACCOUNT,
  );
  const lag = gauge(
    'settlement_lag_seconds',
    'From the end of the last settled day until its file was booked.',
    ACCOUNT,
  );
  const missing = gauge(
    'settlement_bookings_missing',
    'Bookings that the files of their days passed over.',
    ACCOUNT,
  );
  const unbalanced = gauge('ledger_unbalanced_transactions', 'Of the last minute: must always be 0.');
  const anchors = once(() => ({
    age: gauge('audit_anchor_age_seconds', 'Since audit heads were last anchored, or found unmoved.'),
    disowned: gauge('audit_heads_disowned', 'Of the heads watched: those that Postgres no longer has.'),
  }));
  const standing = gauge(
    'alarm_uncleared',
    '1 for an alarm that stays until a person has ended it, and stands.',
    ['alarm'],
  );
  return ({ exceptions, settlement, unbalanced: sums, uncleared, anchor }) => {
    if (exceptions !== undefined) for (const each of [open, age, overdue]) each.reset();
    for (const { kind, ...each } of exceptions ?? []) {
      open.set({ kind }, each.open);
      age.set({ kind }, each.oldestSeconds);
      overdue.set({ kind }, each.overdue);
    }
    if (settlement !== undefined) for (const each of [behind, lag, missing]) each.reset();
    for (const { provider, account, ...each } of settlement ?? []) {
      const labels = { provider, account };
      behind.set(labels, each.daysBehind);
      missing.set(labels, each.missing);
      if (each.lagSeconds !== undefined) lag.set(labels, each.lagSeconds);
    }
    if (sums !== undefined) unbalanced.set(sums);
    if (uncleared !== undefined)
      for (const { name, stays } of ALARMS)
        if (stays) standing.set({ alarm: name }, uncleared.includes(name) ? 1 : 0);
    if (anchor === undefined || anchor === null) return;
    anchors().age.set(anchor.ageSeconds);
    anchors().disowned.set(anchor.disowned);
  };
}

const QUEUE = ['queue', 'kind'] as const;

function platformGauges(gauge: MakeGauge): Show {
  const stuck = gauge('workflows_stuck', 'Open exceptions of workflows that could not go on.');
  const skew = gauge('clock_skew_seconds', "This worker's clock less Postgres's.");
  const backlog = gauge(
    'task_queue_backlog',
    'Tasks that wait for a worker, as Temporal estimates them.',
    QUEUE,
  );
  const backlogAge = gauge(
    'task_queue_backlog_age_seconds',
    'How long the oldest of them has waited.',
    QUEUE,
  );
  const pollers = gauge('task_queue_pollers', 'Pollers that Temporal has seen lately.', QUEUE);
  const rollup = once(() =>
    gauge('rollup_age_seconds', "Since the console's figures were brought up to date."),
  );
  const canaries = once(() => canaryGauges(gauge));
  return ({ queues, rollupAgeSeconds, stuckWorkflows, clockSkewSeconds, canary }) => {
    if (stuckWorkflows !== undefined) stuck.set(stuckWorkflows);
    if (clockSkewSeconds !== undefined) skew.set(clockSkewSeconds);
    if (queues !== undefined) for (const each of [backlog, backlogAge, pollers]) each.reset();
    for (const { queue, kind, ...each } of queues ?? []) {
      backlog.set({ queue, kind }, each.backlog);
      backlogAge.set({ queue, kind }, each.backlogSeconds);
      pollers.set({ queue, kind }, each.pollers);
    }
    if (rollupAgeSeconds !== undefined && rollupAgeSeconds !== null) rollup().set(rollupAgeSeconds);
    if (canary === undefined || canary === null) return;
    canaries().age.set(canary.lastSuccessSeconds);
    canaries().every.set(canary.everySeconds);
  };
}

function canaryGauges(gauge: MakeGauge) {
  return {
    age: gauge('canary_last_success_age_seconds', 'Since a canary payment last went the whole way.'),
    every: gauge('canary_interval_seconds', 'How often one is made.'),
  };
}

/** What is not known is not shown: a gauge that exists says 0, and 0 is a good age. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export interface Watched {
  readonly lookSeconds?: number;
  readonly canarySeconds?: number;
}

/** What an API shows for the workers, who cannot say themselves that they are gone; it asks when it is scraped. */
export function watchFromApi(
  registry: Registry,
  watch: () => Promise<Watched>,
  canaryEverySeconds: number | undefined,
): void {
  const registers = [registry];
  const made = new Map<string, Gauge>();
  const show = (name: string, help: string, value: number) => {
    const gauge = made.get(name) ?? new Gauge({ name: `interlock_${name}`, help, registers });
    made.set(name, gauge);
    gauge.set(value);
  };
  const since = performance.now();
  let seen: Watched & { readonly atMs: number } = { atMs: since };
  new Gauge({
    name: 'interlock_worker_last_look_age_seconds',
    help: 'Since any worker last looked at how things stand; where none ever has, since this API began.',
    registers,
    async collect() {
      const lived = (performance.now() - since) / 1_000;
      // Postgres away: the ages go on, from when this could last be asked.
      const now = performance.now();
      seen = await watch().then(
        (watched) => ({ ...watched, atMs: now }),
        () => seen,
      );
      const gone = (now - seen.atMs) / 1_000;
      const ageOf = (seconds: number | undefined) => (seconds === undefined ? lived : seconds + gone);
      this.set(ageOf(seen.lookSeconds));
      if (canaryEverySeconds === undefined) return;
      show('canary_interval_seconds', 'How often a canary payment is made.', canaryEverySeconds);
      const help = 'Since a canary payment last went the whole way.';
      show('canary_last_success_age_seconds', help, ageOf(seen.canarySeconds));
    },
  });
}
