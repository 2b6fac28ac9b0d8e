/**
 * When which fault is to happen: pure, and the same for the same seed. Two lanes run beside each other, one
 * of kills and freezes, one of everything else, each with gaps in which the run makes progress.
 */

import type { FaultKind } from '../evidence-types.ts';
import { type Random, randomFor } from '../random.ts';
import { SIMULATOR_POINT, WORKER_POINTS } from '../rig/crash-points.ts';

export interface Planned {
  /** From the storm's beginning. */
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly what: string;
}

export interface Schedule {
  /** Over this long the merchant spreads its business. */
  readonly durationMs: number;
  readonly processLane: readonly Planned[];
  readonly worldLane: readonly Planned[];
}

/** A short storm is denser, or it would have too few of each. */
const DENSE_UNTIL_MS = 60_000;
const PROCESS_GAP_MS = { dense: 3_200, else: 4_500 };
const WORLD_GAP_MS = { dense: 4_500, else: 5_500 };
const LEAD_MS = 1_500;

/** Each directed point before any of them again. */
const DIRECTED = [
  ...WORKER_POINTS.map((point) => `crash_point:${point}`),
  'crash_point:provider_committed',
  `crash_point:${SIMULATOR_POINT}`,
];
const RANDOM_KILLS = ['worker', 'api', 'temporal', 'postgres', 'sandbox', 'worker', 'api', 'postgres_outage'];
const FREEZES = ['worker', 'claimed', 'api', 'temporal', 'sandbox'];

const WORLD: Readonly<Partial<Record<FaultKind, readonly string[]>>> = {
  net: ['latency', 'reset_peer', 'limit_data', 'timeout'],
  provider: ['lost_answer', 'error', 'hang', 'truncate', 'latency', 'reset'],
  webhook: ['duplicate', 'late', 'shuffled', 'forged', 'drop'],
  clock: ['api', 'worker', 'sandbox'],
  reset: ['terminate', 'reset', 'activity'],
  endpoint: ['away', 'lost', 'hanging'],
};

/** 300 payments take a minute, 2,000 take five. */
export function durationFor(payments: number): number {
  return Math.round(Math.max(12_000, 60_000 * (payments / 300) ** 0.85));
}

export function planStorm(options: {
  readonly seed: number;
  readonly payments: number;
  readonly kinds: readonly FaultKind[];
}): Schedule {
  const { seed, payments, kinds } = options;
  const durationMs = durationFor(payments);
  const density = durationMs < DENSE_UNTIL_MS ? 'dense' : 'else';
  const processes = processFaults(randomFor(seed, 'processes'), kinds);
  const world = worldFaults(randomFor(seed, 'world'), kinds);
  return {
    durationMs,
    processLane: lane(durationMs, PROCESS_GAP_MS[density], processes),
    worldLane: lane(durationMs, WORLD_GAP_MS[density], world),
  };
}

type Source = Generator<Omit<Planned, 'atMs'>, void, void>;

function lane(durationMs: number, gapMs: number, source: Source): Planned[] {
  const planned: Planned[] = [];
  for (let atMs = LEAD_MS; atMs < durationMs - gapMs / 2; atMs += gapMs) {
    const next = source.next();
    if (next.done) break;
    planned.push({ atMs, ...next.value });
  }
  return planned;
}

function* processFaults(random: Random, kinds: readonly FaultKind[]): Source {
  const [withKills, withFreezes] = [kinds.includes('kill'), kinds.includes('freeze')];
  if (!withKills && !withFreezes) return;
  // In turns: most directed points concern the workers, the others mostly something else.
  const directed = cycling(random, DIRECTED);
  const undirected = cycling(random, RANDOM_KILLS);
  let kills = 0;
  const kill = () => {
    kills += 1;
    return kills % 3 === 0 ? undirected() : directed();
  };
  const freeze = cycling(random, FREEZES);
  for (let turn = 1; ; turn += 1) {
    // Most are kills; every fifth is a freeze, which outlasts several of them.
    if (withFreezes && (!withKills || turn % 5 === 2)) yield { kind: 'freeze', what: freeze() };
    else yield { kind: 'kill', what: kill() };
  }
}

function* worldFaults(random: Random, kinds: readonly FaultKind[]): Source {
  const present = (Object.keys(WORLD) as FaultKind[]).filter((kind) => kinds.includes(kind));
  if (present.length === 0) return;
  const kindOf = cycling(random, present);
  const whatOf = new Map(present.map((kind) => [kind, cycling(random, WORLD[kind] ?? [])]));
  for (;;) {
    const kind = kindOf();
    yield { kind, what: whatOf.get(kind)?.() ?? '' };
  }
}

/** All of the list in some order, then all of it in another. */
function cycling<T>(random: Random, list: readonly T[]): () => T {
  let queue: T[] = [];
  return () => {
    if (queue.length === 0) queue = random.shuffled(list);
    return queue.shift() as T;
  };
}
