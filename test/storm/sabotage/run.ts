import { check, type Finding } from '../checker/index.ts';
import type { StormEvidence } from '../evidence-types.ts';
import { heal } from '../nemesis/nemesis.ts';
import { untilQuiet } from '../rig/quiet.ts';
import { type Rig, type RigOptions, startRig } from '../rig/rig.ts';
import { gather, patienceMs } from '../run-storm.ts';
import type { Sabotage, Schedule } from './sabotage.ts';
import { Stage } from './stage.ts';

export interface Build {
  readonly schedules: readonly Schedule[];
  readonly sabotage?: Sabotage;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly payments: number;
  readonly elapsedMs: number;
}

export interface RunParts {
  readonly seed: number;
  readonly proxy: 'auto' | 'own';
  readonly source?: string;
  /** Leaves each rig's folder behind, with its evidence. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** One rig, its schedules one after another, quiet, and the checker's word on what is left. */
export async function judgeBuild(build: Build, parts: RunParts): Promise<Verdict> {
  const startedMs = performance.now();
  const rig = await startRig(rigOptionsOf(build, parts));
  try {
    const evidence = await perform(rig, build, parts);
    const findings = check(evidence);
    const payments = evidence.tables.payment.length;
    return { findings, payments, elapsedMs: performance.now() - startedMs };
  } finally {
    if (parts.keep) parts.say(`    kept: ${rig.dataDir}`);
    await rig.close(parts.keep);
  }
}

function rigOptionsOf({ schedules, sabotage }: Build, { proxy, source }: RunParts): RigOptions {
  return {
    proxy,
    pace: schedules[0]?.pace ?? {},
    patches: sabotage?.patches ?? [],
    sql: sabotage?.sql ?? [],
    ...(source === undefined ? {} : { source }),
  };
}

/** A broken build may never come to rest; what it did by then is enough. */
const PATIENCE_WITH_BROKEN_MS = 8_000;

async function perform(rig: Rig, { schedules, sabotage }: Build, parts: RunParts): Promise<StormEvidence> {
  const stage = await Stage.open(rig, parts.seed);
  const startedAtMs = Date.now();
  try {
    for (const schedule of schedules) {
      parts.signal.throwIfAborted();
      parts.say(`  ${schedule.name}: ${schedule.what}`);
      await stage.begin(schedule.name);
      await schedule.run(stage);
      await heal(stage.nemesis);
    }
    const healedAtMs = Date.now();
    const patience = sabotage === undefined ? patienceMs(rig.pace) : PATIENCE_WITH_BROKEN_MS;
    const { signal, seed } = parts;
    const rest = await untilQuiet(rig, { patienceMs: patience, signal, underWay: () => 0 });
    const { journal, log, forged } = stage;
    const name = sabotage === undefined ? {} : { sabotage: sabotage.name };
    const plan = { seed, payments: stage.payments, kinds: [], ...name };
    return await gather({ rig, plan }, { journal, log, forged, startedAtMs, healedAtMs, rest });
  } finally {
    await stage.close();
  }
}
