import { parseArgs } from 'node:util';
import { z } from 'zod';
import { connectDesk, type Desk, Refused } from '../operator/desk.ts';
import { UsageError } from '../verb.ts';
import { whereAndKey } from './run.ts';
import { sayMoved } from './words.ts';

export const EXPERIMENT_USAGE = `Usage: ./interlock routing experiment start <V> --reason R [--percent 50] [--max-days 30]
       ./interlock routing experiment propose <V> --percent N --reason R
       ./interlock routing experiment list | show <rex_...> | stop <rex_...> --reason R

Has version V decide a share of the payments, the active version the others, until a sequential test can tell them apart,
sees that there is no difference that matters, or a guard rail is breached. Then the active version decides all again;
whether V is promoted is a person's to say.

Where policies need two people, V is proposed first; somebody else approves it (./interlock routing approve V --to experiment
--percent N), for one experiment with at most that share.

  --key K, --api-url URL, --json`;

interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** Resolves to the exit code: 1 where it was refused. */
export async function runExperiment(
  argv: string[],
  terminal: Terminal,
  env: Record<string, string | undefined> = process.env,
): Promise<number> {
  const { values, positionals } = parse(argv);
  const [what = '', subject, ...more] = positionals;
  if (what === 'help') {
    terminal.out(EXPERIMENT_USAGE);
    return 0;
  }
  checkUse(what, subject, more, values);
  try {
    const desk = connectDesk(...whereAndKey(values, env), 'routing/');
    const body = await carryOut(desk, what, subject, values);
    terminal.out(values.json ? JSON.stringify(body) : words(what, body));
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    terminal.err(`interlock routing experiment: ${error.message}`);
    return 1;
  }
}

type Options = ReturnType<typeof parse>['values'];

function checkUse(
  what: string,
  subject: string | undefined,
  more: readonly string[],
  { reason, percent }: Options,
): void {
  if (!['list', 'show', 'propose', 'start', 'stop'].includes(what) || more.length > 0)
    throw new UsageError(
      'say: routing experiment start <version>, propose <version>, list, show <id> or stop <id>',
    );
  if (what === 'list') {
    if (subject !== undefined) throw new UsageError('routing experiment list takes nothing');
    return;
  }
  if (subject === undefined) throw new UsageError(`routing experiment ${what}: which one?`);
  if (what !== 'show' && !reason) throw new UsageError(`routing experiment ${what} needs --reason`);
  if (what === 'propose' && percent === undefined)
    throw new UsageError('routing experiment propose needs --percent');
  if ((what === 'start' || what === 'propose') && !/^[1-9]\d{0,8}$/.test(subject))
    throw new UsageError(`routing experiment ${what} takes a version, e.g. 3`);
}

async function carryOut(
  desk: Desk,
  what: string,
  subject: string | undefined,
  values: Options,
): Promise<unknown> {
  const { reason, key } = values;
  const about = `experiments/${encodeURIComponent(subject ?? '')}`;
  if (what === 'list') return (await desk.view('experiments?limit=20')).body;
  if (what === 'show') return (await desk.view(about)).body;
  if (what === 'stop') return (await desk.command(`${about}/stop`, { reason }, { key })).body;
  if (what === 'propose') {
    const { percent } = startOf(Number(subject), values);
    return (await desk.command(`policies/${subject}/experiment`, { percent, reason }, { key })).body;
  }
  return (await desk.command('experiments', startOf(Number(subject), values), { key })).body;
}

function parse(argv: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      reason: text,
      percent: text,
      'max-days': text,
      key: text,
      'api-url': text,
      json: flag,
    },
  });
}

function startOf(
  treatment: number,
  values: Options,
): { readonly treatment: number; readonly reason: string | undefined; readonly percent?: number } {
  const number = (name: 'percent' | 'max-days') => {
    const given = values[name];
    if (given === undefined) return undefined;
    if (!/^\d{1,3}$/.test(given)) throw new UsageError(`--${name} is a whole number`);
    return Number(given);
  };
  const [percent, days] = [number('percent'), number('max-days')];
  return {
    treatment,
    reason: values.reason,
    ...(percent === undefined ? {} : { percent }),
    ...(days === undefined ? {} : { max_days: days }),
  };
}

const arm = z.object({ version: z.number(), attempts: z.number(), successes: z.number() });
const experimentSchema = z.object({
  id: z.string(),
  status: z.string(),
  percent: z.number(),
  control: arm,
  treatment: arm,
  test: z
    .object({
      p_value_ppm: z.number(),
      difference_ppm: z.number(),
      low_ppm: z.number(),
      high_ppm: z.number(),
    })
    .nullable(),
  looks: z.number(),
});

function words(what: string, body: unknown): string {
  if (what === 'propose') return sayMoved(body);
  if (what !== 'list') return sayExperiment(experimentSchema.parse(body));
  const { data } = z.object({ data: z.array(experimentSchema) }).parse(body);
  return data.length === 0 ? 'No experiment yet.' : data.map(sayExperiment).join('\n');
}

function sayExperiment({
  id,
  status,
  percent,
  control,
  treatment,
  test,
  looks,
}: z.infer<typeof experimentSchema>): string {
  const side = ({ version, attempts, successes }: z.infer<typeof arm>) => {
    const rate = attempts === 0 ? '' : ` (${((100 * successes) / attempts).toFixed(2)}%)`;
    return `version ${version}: ${successes} of ${attempts} approved${rate}`;
  };
  const points = (ppm: number) => `${ppm > 0 ? '+' : ''}${(ppm / 10_000).toFixed(2)}`;
  return [
    `${id}  ${status}  ${percent}% by the treatment, ${looks} looks`,
    `  control    ${side(control)}`,
    `  treatment  ${side(treatment)}`,
    ...(test === null
      ? []
      : [
          `  difference ${points(test.difference_ppm)} points (${points(test.low_ppm)} to ${points(test.high_ppm)}), p ${(test.p_value_ppm / 1e6).toFixed(4)}`,
        ]),
  ].join('\n');
}
