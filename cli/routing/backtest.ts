import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { connectDesk, type Desk, Refused } from '../operator/desk.ts';
import { UsageError } from '../verb.ts';
import { readPolicyFile } from './offline.ts';
import { whereAndKey } from './run.ts';
import { sayProblems } from './words.ts';

export const BACKTEST_USAGE = `Usage: ./interlock routing backtest <V | FILE> [--from ISO] [--to ISO] [--no-wait]
       ./interlock routing backtest list | show <rbt_...> | cancel <rbt_...>

Decides your own past payments once more by a version of your policy, or by a file that was never saved, and says how
many would have gone elsewhere, and what that is expected to change in success and cost. It runs on the workers: this
command only waits for it, and may be left with Ctrl-C.

  --from, --to    payments made since, and before (default: the last 90 days)
  --no-wait       only begin
  --key K         the command's Idempotency-Key
  --api-url URL, --json

docs/routing-backtests.md says what it cannot know.`;

interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

type Options = ReturnType<typeof parse>['values'];

/** Resolves to the exit code: 1 where it was refused, failed, or was canceled. */
export async function runBacktest(
  argv: string[],
  terminal: Terminal,
  env: Record<string, string | undefined> = process.env,
): Promise<number> {
  const { values, positionals } = parse(argv);
  const [what, id, ...more] = positionals;
  if (what === 'help') {
    terminal.out(BACKTEST_USAGE);
    return 0;
  }
  const aboutOne = what === 'show' || what === 'cancel';
  if (what === undefined || more.length > 0 || aboutOne !== (id !== undefined))
    throw new UsageError('say: routing backtest <version | file>, list, show <id> or cancel <id>');
  try {
    const desk = connectDesk(...whereAndKey(values, env), 'routing/');
    if (what === 'list') return say(await desk.view('backtests?limit=20'), values, terminal, sayList);
    if (what === 'show') return say(await desk.view(pathOf(id)), values, terminal, sayBacktest);
    if (what === 'cancel')
      return say(
        await desk.command(`${pathOf(id)}/cancel`, {}, { key: values.key }),
        values,
        terminal,
        sayBacktest,
      );
    return await begin(desk, what, values, terminal);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    terminal.err(`interlock routing backtest: ${error.message}`);
    const problems = sayProblems(error.body);
    if (problems !== '') terminal.err(problems);
    return 1;
  }
}

function parse(argv: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      from: text,
      to: text,
      key: text,
      'api-url': text,
      json: flag,
      'no-wait': flag,
    },
  });
}

function pathOf(id: string | undefined): string {
  return `backtests/${encodeURIComponent(id ?? '')}`;
}

function say(
  { body }: { readonly body: unknown },
  { json }: Options,
  terminal: Terminal,
  words: (body: unknown) => string,
): number {
  terminal.out(json ? JSON.stringify(body) : words(body));
  return 0;
}

const LOOK_EVERY_MS = 500;

async function begin(desk: Desk, what: string, options: Options, terminal: Terminal): Promise<number> {
  const { from, to, key, json } = options;
  const policy = /^\d+$/.test(what) ? { version: Number(what) } : { source: readPolicyFile(what) };
  const span = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const begun = await desk.command('backtests', { ...policy, ...span }, { key });
  let { body } = begun;
  let standing = backtestSchema.parse(body);
  let said = -1;
  while (standing.status === 'running' && !options['no-wait']) {
    const { id, progress } = standing;
    if (!json && progress.read !== said) terminal.err(`${id}: ${sayProgress(progress)}`);
    said = progress.read;
    await delay(LOOK_EVERY_MS);
    ({ body } = await desk.view(pathOf(id)));
    standing = backtestSchema.parse(body);
  }
  say({ body }, options, terminal, sayBacktest);
  return standing.status === 'failed' || standing.status === 'canceled' ? 1 : 0;
}

const interval = z.object({ expected: z.number(), low: z.number(), high: z.number() });
const backtestSchema = z.object({
  id: z.string(),
  status: z.string(),
  version: z.number().nullable(),
  progress: z.object({ read: z.number(), total: z.number(), at_least: z.boolean() }),
  failure: z.string().nullable(),
  result: z
    .object({
      compared: z.number(),
      skipped: z.record(z.string(), z.number()),
      elsewhere: z.number(),
      pairs: z.array(
        z.object({
          from: z.string(),
          to: z.string(),
          payments: z.number(),
          approved: z.number(),
          expected_approved: z.number(),
        }),
      ),
      success: z.object({ actual_ppm: z.number(), draft_ppm: z.number(), change_ppm: interval }).nullable(),
      costs: z.array(
        z.object({
          currency: z.string(),
          actual: z.number(),
          draft: z.number(),
          change: interval,
          actual_rate_ppm: z.number().nullable(),
          draft_rate_ppm: z.number().nullable(),
          unpriced: z.number(),
        }),
      ),
    })
    .nullable(),
});

type Shown = z.infer<typeof backtestSchema>;
type Cost = NonNullable<Shown['result']>['costs'][number];

function sayList(body: unknown): string {
  const { data } = z.object({ data: z.array(backtestSchema) }).parse(body);
  return data.length === 0 ? 'No back-test yet.' : data.map(sayHead).join('\n');
}

function sayHead({ id, status, version, progress }: Shown): string {
  const what = version === null ? 'a text' : `version ${version}`;
  return `${id}  ${status}  ${what}  ${sayProgress(progress)} payments`;
}

function sayProgress({ read, total, at_least: isAtLeast }: Shown['progress']): string {
  return `${read} of ${isAtLeast ? 'at least ' : ''}${total}`;
}

export function sayBacktest(body: unknown): string {
  const shown = backtestSchema.parse(body);
  const { result, failure } = shown;
  const head = sayHead(shown);
  if (result === null) return failure === null ? head : `${head}\n${failure}`;
  const { success, compared, elsewhere, skipped } = result;
  const left = Object.entries(skipped).filter(([, count]) => count > 0);
  return [
    head,
    success === null
      ? 'No payment could be compared: nothing is known of what would change.'
      : `${elsewhere} of ${compared} would have gone elsewhere first.`,
    ...result.pairs.map(
      ({ from, to, payments, approved, expected_approved: expected }) =>
        `  ${from} -> ${to}: ${payments}, of which ${approved} were approved and ${expected} are expected to be`,
    ),
    ...(success === null
      ? []
      : [
          `Success: ${percent(success.actual_ppm)} were approved at first, ${percent(success.draft_ppm)} expected: ${points(success.change_ppm)}`,
        ]),
    ...result.costs.map(sayCost),
    ...(left.length === 0
      ? []
      : [`Left out: ${left.map(([reason, count]) => `${count} ${reason}`).join(', ')}`]),
  ].join('\n');
}

function sayCost({ currency, actual, draft, change, unpriced, ...rates }: Cost): string {
  if (unpriced > 0 && rates.actual_rate_ppm === null && rates.draft_rate_ppm === null)
    return `Cost in ${currency}: no fee is known of its ${unpriced} payments.`;
  const numbers = `${actual}, ${draft} expected: ${signed(change.expected)} (${signed(change.low)} to ${signed(change.high)})`;
  const without = unpriced === 0 ? '' : `; ${unpriced} without a known fee are left out`;
  return `Cost in ${currency} (minor units): ${numbers}${without}`;
}

function percent(ppm: number): string {
  return `${(ppm / 10_000).toFixed(2)}%`;
}

function points({ expected, low, high }: z.infer<typeof interval>): string {
  const say = (ppm: number) => `${ppm > 0 ? '+' : ''}${(ppm / 10_000).toFixed(2)}`;
  return `${say(expected)} points (${say(low)} to ${say(high)})`;
}

function signed(amount: number): string {
  return amount > 0 ? `+${amount}` : String(amount);
}
