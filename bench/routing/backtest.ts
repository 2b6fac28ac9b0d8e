import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAdvanceBacktest } from '../../activities/backtest/advance.ts';
import { openDb } from '../../db/client.ts';
import { findBacktest } from '../../db/routing/backtests.ts';
import { ensurePlatform } from '../../db/routing/index.ts';
import { type Past, seedPast } from '../../db/routing/test-support/past.ts';
import { createBacktestRegister } from '../../db/settings/index.ts';
import { parsePolicy } from '../../domain/routing/policy/index.ts';
import type { Figure } from '../lib/report.ts';
import { median, medianInterval } from '../lib/statistics.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { startServer } from '../reconciliation/server.ts';
import type { Options } from './options.ts';

const PAYMENTS = 100_000;
const MEGABYTE = 1_048_576;
const DAY_MS = 86_400_000;

/** The policy of the past asks three rules of each payment, and the draft as many, of which one weighs success and cost. */
const POLICY = `format: interlock/routing@1
name: Past
rules:
  - { name: north america, when: 'buyer_country in ["US", "CA"]', choose: { order: [stripe, adyen] } }
  - { name: small, when: 'amount < minor(50, currency)', choose: { order: [adyen, stripe] } }
otherwise: { choose: { order: [stripe, adyen, checkout] } }
`;
const DRAFT = `format: interlock/routing@1
name: Draft
rules:
  - { name: north america, when: 'buyer_country in ["US", "CA"]', choose: { order: [stripe, adyen] } }
  - { name: large, when: 'amount > minor(150, currency)', choose: { lowest_cost: all, at_most_points_less_success: 1 } }
otherwise: { choose: { best_success: all, explore_percent: 5, guard_rail_points: 1 } }
`;

function pastOf(payments: number): Past {
  const account = (id: string, provider: string, rate: number) => ({
    id,
    provider,
    approvesPpm: rate,
    estimatedPpm: rate,
    samples: 1_200,
  });
  const firstMs = Date.UTC(2026, 7, 1);
  return {
    merchantId: 'mer_bench',
    accounts: [
      account('pa_s', 'stripe', 880_000),
      account('pa_a', 'adyen', 902_000),
      account('pa_c', 'checkout', 893_000),
    ],
    policy: POLICY,
    payments,
    firstMs,
    everyMs: Math.floor((90 * DAY_MS) / payments),
  };
}

/** A draft against a hundred thousand past payments: how many a second, and whether memory grows with them. */
export async function measureBacktest(context: SuiteContext, options: Options): Promise<readonly Figure[]> {
  const { progress } = context;
  const payments = options.quick ? PAYMENTS / 10 : PAYMENTS;
  const past = pastOf(payments);
  const server = await startServer(context);
  await server.create('bench_past');
  await progress.step(`${payments} past payments`, () =>
    server.asOwner('bench_past', (owner) => seedPast(owner, past)),
  );
  const db = openDb(server.urlOf('bench_past'));
  context.defer(() => db.$disconnect());
  const rounds: Round[] = [];
  for (let round = 1; round <= (options.quick ? 1 : 3); round += 1) {
    const measured = () => runOnce(db, past, `rbt_bench_${round}`);
    rounds.push(await progress.step(`back-test, round ${round}`, measured));
  }
  const rates = rounds.map(({ ms }) => (1_000 * payments) / ms);
  const grown = rounds.map(({ grownBytes }) => grownBytes / MEGABYTE);
  return [
    {
      name: 'backtest_payments_per_second',
      text: 'past payments decided again and valued, a second, one worker',
      value: median(rates),
      interval: medianInterval(rates),
      goal: { is: '>=', bound: 2_000 },
    },
    {
      name: 'backtest_heap_growth_mb',
      text: `heap that is kept after ${payments} payments, more than after a fifth of them, MB`,
      value: Math.max(0, median(grown)),
      goal: { is: '<=', bound: 5 },
    },
    {
      name: 'backtest_elsewhere_share',
      text: 'share of the payments that the draft would have sent elsewhere',
      value: median(rounds.map(({ elsewhere }) => elsewhere / payments)),
    },
  ];
}

interface Round {
  readonly ms: number;
  readonly grownBytes: number;
  readonly elsewhere: number;
}

/** The activity itself, as its workflow calls it; only Temporal's part, some milliseconds an activity, is left out. */
async function runOnce(db: ReturnType<typeof openDb>, past: Past, id: string): Promise<Round> {
  await begin(db, past, id);
  const collect = collector();
  let afterAFifth: number | undefined;
  let collectingMs = 0;
  const heap = () => {
    const before = performance.now();
    collect();
    collectingMs += performance.now() - before;
    return process.memoryUsage().heapUsed;
  };
  const advance = createAdvanceBacktest({ db }, ({ read }) => {
    if (afterAFifth === undefined && read >= past.payments / 5) afterAFifth = heap();
  });
  const beganAt = performance.now();
  for (;;) {
    const { type } = await advance({ backtestId: id, pages: 100 });
    if (type === 'ended') throw new Error('the back-test ended without a result');
    if (type === 'completed') break;
  }
  const ms = performance.now() - beganAt - collectingMs;
  const found = await findBacktest(db, id);
  if (found?.result?.compared !== past.payments)
    throw new Error(`only ${found?.result?.compared} payments were compared`);
  return { ms, grownBytes: heap() - (afterAFifth ?? 0), elsewhere: found.result.elsewhere };
}

async function begin(db: ReturnType<typeof openDb>, past: Past, id: string): Promise<void> {
  const parsed = parsePolicy(DRAFT);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const platform = await ensurePlatform(db, 'test');
  const owner = { merchantId: past.merchantId, mode: 'test' } as const;
  const request = {
    requestId: `req_${id}`,
    path: '/v1/routing/backtests',
    idempotencyKey: id,
    bodyDigest: id,
  };
  await createBacktestRegister(db).start(
    { owner, requester: owner, request, actor: 'key:bench', atMs: Date.now() },
    {
      id,
      source: DRAFT,
      document: parsed.document,
      platformVersion: platform.version,
      fromMs: past.firstMs,
      toMs: past.firstMs + 91 * DAY_MS,
      refuse() {
        throw new Error('two back-tests are running');
      },
    },
  );
}

/** What is garbage says nothing of what is kept. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
