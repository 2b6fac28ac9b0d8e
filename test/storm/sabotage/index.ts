/**
 * sabotage/: the checker is checked. What lives here: builds that are broken on purpose, as patches to a copy
 * of the sources; the directed schedule that exposes each; and the run that demands that the checker flags
 * every one of them and none of the sound build. What may not: a switch in production code.
 */
import { countByKind, FINDING_KINDS, type Finding } from '../checker/index.ts';
import { BadOption, type StormOptions } from '../options.ts';
import { SABOTAGES, schedulesOf } from './builds.ts';
import { judgeBuild, type RunParts, type Verdict } from './run.ts';
import type { Sabotage, Schedule } from './sabotage.ts';

interface Row {
  readonly name: string;
  readonly what: string;
  readonly schedule: string;
  readonly outcome: 'caught' | 'MISSED' | 'sound' | 'FLAGGED' | 'BROKE OFF';
  readonly flagged: string;
  readonly elapsedMs: number;
}

/**
 * Every sabotage that was asked for, and first the sound build under the same schedules. Answers the exit code:
 * 0 if each was caught and the sound build was not flagged.
 */
export async function runSabotages(options: StormOptions, signal: AbortSignal): Promise<number> {
  const startedMs = performance.now();
  const chosen = choose(options.sabotage ?? 'all');
  const say = (line: string) => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    console.error(`${seconds.padStart(6)} s  ${line}`);
  };
  const { seed, proxy, source, keep } = options;
  const parts: RunParts = { seed, proxy, keep, signal, say, ...(source === undefined ? {} : { source }) };
  const rows: Row[] = [];
  for (const schedules of byPace(schedulesOf(chosen))) rows.push(await control(schedules, parts));
  for (const sabotage of chosen) rows.push(await judge(sabotage, parts));
  // With --json the result alone is on standard output.
  const tell = options.json ? console.error : console.log;
  tell(render(rows));
  const caught = rows.filter(({ outcome }) => outcome === 'caught').length;
  const sound = rows.every(({ outcome }) => outcome === 'caught' || outcome === 'sound');
  if (!sound) tell(`\nThe same again: ./interlock storm --seed ${seed} --sabotage ${namesOf(chosen)}`);
  console.log(JSON.stringify({ sabotages: chosen.length, caught }));
  return sound ? 0 : 1;
}

const namesOf = (chosen: readonly Sabotage[]) =>
  chosen.length === SABOTAGES.length ? 'all' : chosen.map(({ name }) => name).join(',');

function choose(names: string): readonly Sabotage[] {
  if (names === 'all') return SABOTAGES;
  return names.split(',').map((name) => {
    const found = SABOTAGES.find((sabotage) => sabotage.name === name.trim());
    if (found === undefined)
      throw new BadOption(`--sabotage knows all, ${SABOTAGES.map((each) => each.name).join(', ')}`);
    return found;
  });
}

/** One rig runs at one pace. */
function byPace(schedules: readonly Schedule[]): readonly (readonly Schedule[])[] {
  const groups = new Map<string, Schedule[]>();
  for (const schedule of schedules) {
    const pace = JSON.stringify(schedule.pace);
    groups.set(pace, [...(groups.get(pace) ?? []), schedule]);
  }
  return [...groups.values()];
}

async function control(schedules: readonly Schedule[], parts: RunParts): Promise<Row> {
  parts.say(`the sound build, ${schedules.length} schedules`);
  const { name, what } = { name: 'none', what: 'the sound build' };
  return attempt({ name, what, schedule: `all ${schedules.length}` }, parts, async () => {
    const verdict = await judgeBuild({ schedules }, parts);
    for (const finding of verdict.findings.slice(0, SHOWN)) parts.say(`    ${worded(finding)}`);
    return [verdict, verdict.findings.length === 0 ? 'sound' : 'FLAGGED'];
  });
}

async function judge(sabotage: Sabotage, parts: RunParts): Promise<Row> {
  const { name, what, schedule } = sabotage;
  parts.say(`${name}: ${what}`);
  return attempt({ name, what, schedule: schedule.name }, parts, async () => {
    const verdict = await judgeBuild({ schedules: [schedule], sabotage }, parts);
    const telling = verdict.findings.filter(({ invariant }) => sabotage.expect.includes(invariant));
    const [first] = telling;
    if (first !== undefined) parts.say(`    ${worded(first)}`);
    else for (const finding of verdict.findings.slice(0, SHOWN)) parts.say(`    ${worded(finding)}`);
    return [verdict, first === undefined ? 'MISSED' : 'caught'];
  });
}

const SHOWN = 8;
const worded = ({ invariant, subject, what }: Finding) => `${invariant} ${subject}: ${what}`;

const TRIES = 2;

/**
 * A run that breaks off (a busy machine missed a moment) says nothing, and is made once more. If that breaks
 * off too, nothing was caught, and the others are run all the same.
 */
async function attempt(
  named: Pick<Row, 'name' | 'what' | 'schedule'>,
  { signal, say }: RunParts,
  run: () => Promise<readonly [Verdict, Row['outcome']]>,
): Promise<Row> {
  const startedMs = performance.now();
  let flagged = '';
  for (let tries = 1; tries <= TRIES; tries += 1) {
    try {
      const [verdict, outcome] = await run();
      return { ...named, outcome, flagged: flaggedBy(verdict.findings), elapsedMs: verdict.elapsedMs };
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      flagged = message.split('\n')[0] ?? '';
      say(`    broke off: ${message}`);
    }
  }
  return { ...named, outcome: 'BROKE OFF', flagged, elapsedMs: performance.now() - startedMs };
}

function flaggedBy(findings: readonly Finding[]): string {
  const counts = countByKind(findings);
  return FINDING_KINDS.filter((kind) => counts[kind] > 0)
    .map((kind) => `${kind} ${counts[kind]}`)
    .join(', ');
}

function render(rows: readonly Row[]): string {
  const cells = rows.map(({ name, schedule, outcome, flagged, elapsedMs }) => [
    outcome === 'caught' || outcome === 'sound' ? '✓' : '✗',
    name,
    outcome,
    schedule,
    flagged,
    `${(elapsedMs / 1_000).toFixed(0)} s`,
  ]);
  const widths = cells[0]?.map((_cell, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}
