/**
 * The suite `analytics`: what a question about millions of payments costs, beside a look-up of one payment by its key
 * through the same API. README.md says what each figure means.
 */
import type pg from 'pg';
import { openCopyPool } from '../db/reconciliation/index.ts';
import { computeNext, noteChanges } from '../db/rollups/index.ts';
import { type Options, parseOptions } from './analytics/options.ts';
import { QUESTIONS, type Question } from './analytics/questions.ts';
import { seedPayments } from './analytics/seed.ts';
import { type AnalyticsApi, startAnalyticsApi } from './analytics/stack.ts';
import { touchPayments } from './analytics/touch.ts';
import type { Figure } from './lib/report.ts';
import { table } from './lib/report.ts';
import { median, medianInterval, quantile, ratios } from './lib/statistics.ts';
import { runSuite, type SuiteContext } from './lib/suite.ts';
import { type Server, startServer } from './reconciliation/server.ts';

const DATABASE = 'bench_analytics';
/** Of each side in one round. */
const CALLS = 60;
const GOAL = 20;

async function measure(context: SuiteContext, options: Options): Promise<readonly Figure[]> {
  const { progress } = context;
  const server = await startServer(context);
  await server.create(DATABASE);
  const seeded = await timed(() =>
    server.asOwner(DATABASE, (owner) =>
      seedPayments(owner, options.payments, options.seed, (what) => progress.say(what)),
    ),
  );
  progress.say(`${options.payments} payments made in ${seconds(seeded.ms)} s`);
  const built = await build(context, server, options);
  const ids = await someIds(server);
  const api = await startAnalyticsApi(context, server, DATABASE);
  const latencies = await askAll(context, api, ids, options.rounds);
  context.print(report(latencies));
  return [...built, ...figures(latencies)];
}

/** The same code as the workflow's activity, on connections like its own. */
async function build(
  context: SuiteContext,
  server: Server,
  { payments }: Options,
): Promise<readonly Figure[]> {
  const pool = openCopyPool(server.urlOf(DATABASE));
  context.defer(() => pool.end());
  const keepUp = async () => {
    await noteChanges(pool);
    for (let more = true; more; ) ({ more } = await computeNext(pool));
  };
  const whole = await timed(() => context.progress.step('rollups', keepUp));
  await server.asOwner(DATABASE, (owner) => touchPayments(owner, 100));
  const late = await timed(() => context.progress.step('rollups after 100 late changes', keepUp));
  const cells = await server.asOwner(DATABASE, async (owner) => {
    await owner.query('VACUUM ANALYZE rollup_cell, rollup_decline');
    const { rows } = await owner.query<{ cells: string; bytes: string }>(
      `SELECT count(*) AS cells, pg_total_relation_size('rollup_cell') + pg_total_relation_size('rollup_decline') AS bytes FROM rollup_cell`,
    );
    return rows[0];
  });
  return [
    { name: 'build_s', text: 'all rollups from the payments, s', value: whole.ms / 1_000 },
    { name: 'build_us_a_payment', text: 'the same, µs a payment', value: (1_000 * whole.ms) / payments },
    { name: 'late_changes_ms', text: 'a pass after 100 changes in the past, ms', value: late.ms },
    { name: 'cells', text: 'cells', value: Number(cells?.cells ?? 0) },
    { name: 'cells_mb', text: 'all cells with their keys, MB', value: Number(cells?.bytes ?? 0) / 1e6 },
  ];
}

async function someIds(server: Server): Promise<readonly string[]> {
  return server.asOwner(DATABASE, async (owner: pg.ClientBase) => {
    const { rows } = await owner.query<{ id: string }>(
      `SELECT id FROM payment TABLESAMPLE SYSTEM (0.5) REPEATABLE (1) WHERE merchant_id = 'mer_bench_a' LIMIT 2000`,
    );
    return rows.map(({ id }) => id);
  });
}

type Latencies = ReadonlyMap<string, number[][]>;
const LOOK_UP = 'look_up';

/** Call by call in turns, so that every side meets the same moments of the machine. */
async function askAll(
  { progress }: SuiteContext,
  api: AnalyticsApi,
  ids: readonly string[],
  rounds: number,
): Promise<Latencies> {
  const latencies = new Map<string, number[][]>(
    [LOOK_UP, ...QUESTIONS.map(({ name }) => name)].map((name) => [name, []]),
  );
  const ask = (question: Question, call: number) =>
    api.figures(question.paths[call % question.paths.length] ?? '');
  for (let call = 0; call < 20; call += 1) {
    await api.payment(ids[call % ids.length] ?? '');
    for (const question of QUESTIONS) await ask(question, call);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const sides of latencies.values()) sides.push([]);
    for (let call = 0; call < CALLS; call += 1) {
      const index = round * CALLS + call;
      for (const question of QUESTIONS) {
        // One look-up before each question: as warm, and as often disturbed.
        latencies
          .get(LOOK_UP)
          ?.[round]?.push(
            (await timed(() => api.payment(ids[(index * 31 + question.name.length) % ids.length] ?? ''))).ms,
          );
        latencies.get(question.name)?.[round]?.push((await timed(() => ask(question, call))).ms);
      }
    }
    progress.say(`round ${round + 1} of ${rounds}`);
  }
  return latencies;
}

const p95s = (latencies: Latencies, name: string) =>
  (latencies.get(name) ?? []).map((each) => quantile(each, 0.95));

function figures(latencies: Latencies): readonly Figure[] {
  const base = p95s(latencies, LOOK_UP);
  const each = QUESTIONS.map(({ name }): Figure => {
    const by = ratios(p95s(latencies, name), base);
    return {
      name: `${name}_p95_ratio`,
      text: `p95 of ${name} / p95 of a look-up`,
      value: median(by),
      interval: medianInterval(by),
      goal: { is: '<=', bound: GOAL },
    };
  });
  return [{ name: 'look_up_p95_ms', text: 'a payment by its key, p95, ms', value: median(base) }, ...each];
}

function report(latencies: Latencies): string {
  return table(
    ['asked over HTTP', 'p50 ms', 'p95 ms', 'p99 ms'],
    [...latencies].map(([name, rounds]) => {
      const all = rounds.flat();
      return [name, ...[0.5, 0.95, 0.99].map((share) => quantile(all, share).toFixed(1))];
    }),
  );
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const startedAt = performance.now();
  const result = await work();
  return { ms: performance.now() - startedAt, result };
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(0);
}

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`bench analytics: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
if (options !== undefined) {
  const parsed = options;
  await runSuite('analytics', parsed, (context) => measure(context, parsed));
}
