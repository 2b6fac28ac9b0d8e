import type { Alarm, Holding, Scale } from './alarm.ts';
import type { Facts, Look } from './facts.ts';

/** An alarm as it stands in Postgres: it holds since, and has fired once it held for long enough. */
export interface Standing {
  readonly name: string;
  readonly subject: string;
  readonly sinceMs: number;
  readonly firedAtMs?: number;
  /** When a look last found that it holds. */
  readonly seenMs: number;
}

export type Change =
  | { readonly type: 'hold'; readonly alarm: Alarm; readonly holding: Holding; readonly fires: boolean }
  /** Holds on; `fires`: for long enough, as of now. */
  | {
      readonly type: 'keep';
      readonly alarm: Alarm;
      readonly holding: Holding;
      readonly fires: boolean;
    }
  /** Holds no more: resolved where it had fired, forgotten where it had not. */
  | { readonly type: 'end'; readonly name: string; readonly subject: string };

export interface Judging {
  readonly nowMs: number;
  readonly scale: Scale;
  /** Who looked: what is about a worker is about this one. */
  readonly worker: string;
}

/** A worker that has not said for so long how its own alarms stand is gone, and they with it. */
const WORKER_GONE_SECONDS = 300;

/**
 * What one look changes of what stands: the console's alarms begin, fire and end by it as Prometheus' do, with the
 * same `for`. What the look could not find out leaves its alarms as they are. An alarm that a newer release knows no more ends.
 */
export function judge(
  table: readonly Alarm[],
  look: Look,
  standing: readonly Standing[],
  judging: Judging,
): readonly Change[] {
  const { nowMs, scale, worker } = judging;
  const open = new Map(standing.map((each) => [keyOf(each.name, each.subject), each]));
  const changes: Change[] = [];
  for (const alarm of table) {
    for (const found of holdingsOf(alarm, look, scale)) {
      const holding = alarm.ofWorker ? { ...found, subject: worker } : found;
      const key = keyOf(alarm.name, holding.subject);
      const known = open.get(key);
      open.delete(key);
      const heldMs = known === undefined ? 0 : nowMs - known.sinceMs;
      const fires = known?.firedAtMs === undefined && heldMs >= scale.wait(alarm.forSeconds) * 1_000;
      changes.push({ type: known === undefined ? 'hold' : 'keep', alarm, holding, fires });
    }
  }
  const alarms = new Map(table.map((alarm) => [alarm.name, alarm]));
  for (const each of open.values()) {
    const { name, subject } = each;
    if (isOver(alarms.get(name), each, look, judging)) changes.push({ type: 'end', name, subject });
  }
  return changes;
}

function holdingsOf({ holds, needs = [] }: Alarm, look: Look, scale: Scale): readonly Holding[] {
  // What it needs is there, and a test holds every alarm to reading nothing else.
  return holds !== undefined && knows(look, needs) ? holds(look as Facts, scale) : [];
}

function knows(look: Look, needs: readonly (keyof Facts)[]): boolean {
  return needs.every((need) => look[need] !== undefined);
}

/** Of one that this look does not find to hold. */
function isOver(alarm: Alarm | undefined, each: Standing, look: Look, judging: Judging): boolean {
  if (alarm === undefined) return true;
  if (alarm.stays && each.firedAtMs !== undefined) return false;
  if (alarm.ofWorker && each.subject !== judging.worker)
    return judging.nowMs - each.seenMs > judging.scale.limit(WORKER_GONE_SECONDS) * 1_000;
  return knows(look, alarm.needs ?? []);
}

function keyOf(name: string, subject: string): string {
  return `${name}\n${subject}`;
}
