import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../lib/report.ts';
import { median } from '../lib/statistics.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { bareCopy } from './bare-copy.ts';
import { type DayResult, STEPS, type Step } from './day-process.ts';
import { type Files, writeFiles } from './files.ts';
import type { Options } from './options.ts';
import { type Plan, planFor } from './plan.ts';
import { runDay } from './run-day.ts';
import { seedPayments } from './seed.ts';
import type { Server } from './server.ts';
import { type Verdict, verify } from './verify.ts';
import { ACCOUNT, DATE, FIRST_DATE, OTHER_ACCOUNT } from './world.ts';

/** What was measured with files of one size. */
export interface Measured {
  readonly rows: number;
  readonly rounds: readonly Round[];
  /** Making bookings of all payments at once, as on an account's first day. */
  readonly projectionMs: number;
  readonly verdict: Verdict;
}

export interface Round {
  readonly copyMs: number;
  readonly day: DayResult;
}

/** From the file's reception until each of its lines has its verdict, and until the report is written. */
export function classifiedMs({ day: { ms } }: Round): number {
  return ms.receive + ms.verify + ms.bookings + ms.stage + ms.classify;
}

export function postedMs(round: Round): number {
  const { post, bank, news, report } = round.day.ms;
  return classifiedMs(round) + post + bank + news + report;
}

/**
 * Payments and files are made once; each round works on a copy of that database. Of the two sides that are compared
 * the one that goes first alternates.
 */
export async function measureSize(
  context: SuiteContext,
  server: Server,
  rows: number,
  options: Options,
): Promise<Measured> {
  const { progress } = context;
  const folder = join(server.folder, `files-${rows}`);
  mkdirSync(folder);
  const plan = planFor(rows, options.seed);
  const template = `bench_${rows}`;
  const files = await progress.step(`${rows} lines and their payments`, () =>
    prepare(server, template, folder, plan),
  );
  const first = await progress.step('bookings of all of them', () =>
    runDay(
      {
        databaseUrl: server.urlOf(template),
        accountId: ACCOUNT,
        businessDate: FIRST_DATE,
        files: [{ path: files.first, format: 'adyen' }],
      },
      context.signal,
    ),
  );
  // Whose payment a line settles is seen only where the other account's day has been looked at too.
  await runDay(
    { databaseUrl: server.urlOf(template), accountId: OTHER_ACCOUNT, businessDate: FIRST_DATE, files: [] },
    context.signal,
  );
  await server.asOwner(template, (owner) => owner.query('VACUUM ANALYZE'));
  const rounds: Round[] = [];
  let verdict: Verdict | undefined;
  for (let round = 0; round < options.rounds; round += 1) {
    await progress.step(`round ${round + 1} of ${options.rounds}`, async (say) => {
      const measured = await measureRound(context, server, template, files, round % 2 === 0);
      rounds.push(measured);
      say(
        `copy ${seconds(measured.copyMs)}, classified ${seconds(classifiedMs(measured))}, posted ${seconds(postedMs(measured))}`,
      );
      verdict ??= await server.asOwner(WORK, (owner) => verify(owner, files.truth));
    });
    await server.drop(WORK);
  }
  await server.drop(template);
  if (verdict === undefined) throw new Error('there was no round');
  const measured = { rows, rounds, projectionMs: first.ms.bookings, verdict };
  context.print(stepsTable(measured));
  context.print(verdictText(verdict));
  return measured;
}

const WORK = 'bench_work';

async function prepare(server: Server, template: string, folder: string, plan: Plan): Promise<Files> {
  await server.create(template);
  await server.asOwner(template, (owner) => seedPayments(owner, plan));
  return writeFiles(folder, plan);
}

async function measureRound(
  context: SuiteContext,
  server: Server,
  template: string,
  files: Files,
  copyFirst: boolean,
): Promise<Round> {
  await server.copy(WORK, template);
  const copy = () => server.asOwner(WORK, (owner) => bareCopy(owner, files.big));
  const day = async () => {
    await server.asOwner(WORK, (owner) => owner.query('CHECKPOINT'));
    return runDay(
      {
        databaseUrl: server.urlOf(WORK),
        accountId: ACCOUNT,
        businessDate: DATE,
        files: [
          { path: files.again, format: 'adyen' },
          { path: files.broken, format: 'adyen' },
          { path: files.big, format: 'adyen' },
          { path: files.statement, format: 'mt940' },
        ],
      },
      context.signal,
    );
  };
  if (copyFirst) {
    const copyMs = await copy();
    return { copyMs, day: await day() };
  }
  const result = await day();
  return { day: result, copyMs: await copy() };
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function stepsTable({ rows, rounds, projectionMs }: Measured): string {
  const of = (pick: (round: Round) => number) => seconds(median(rounds.map(pick)));
  const said = rounds[0]?.day.said ?? {};
  const steps = STEPS.map((step: Step) => [
    step,
    of(({ day }) => day.ms[step]),
    said[step]?.split(':')[0] ?? '',
  ]);
  return `${rows} lines, medians of ${rounds.length} rounds\n${table(
    ['step', 'time', 'what it says'],
    [
      ['(bare COPY)', of(({ copyMs }) => copyMs), ''],
      ['(bookings of all payments, the day before)', seconds(projectionMs), ''],
      ...steps,
    ],
  )}`;
}

const SHOWN = 10;

function verdictText({ planted, right, wrong, falseAlarms, types }: Verdict): string {
  const list = (of: readonly string[]) =>
    of.length === 0 ? '' : `\n  ${of.slice(0, SHOWN).join('\n  ')}${of.length > SHOWN ? '\n  …' : ''}`;
  return `${planted} breaks of ${types} types planted, ${right} found and rightly typed, ${falseAlarms.length} false alarms${list(wrong)}${list(falseAlarms)}`;
}
