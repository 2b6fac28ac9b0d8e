import type { Alarm, Holding, Scale } from './alarm.ts';
import type { Facts } from './facts.ts';

/** An alarm as it stands in Postgres: it holds since, and has fired once it held for long enough. */
export interface Standing {
  readonly name: string;
  readonly subject: string;
  readonly sinceMs: number;
  readonly firedAtMs?: number;
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

/**
 * What one look changes of what stands: the console's alarms begin, fire and end by it as Prometheus' do, with the
 * same `for`. An alarm that a newer release knows no more ends.
 */
export function judge(
  table: readonly Alarm[],
  facts: Facts,
  standing: readonly Standing[],
  { nowMs, scale }: { readonly nowMs: number; readonly scale: Scale },
): readonly Change[] {
  const open = new Map(standing.map((each) => [keyOf(each.name, each.subject), each]));
  const changes: Change[] = [];
  for (const alarm of table) {
    for (const holding of alarm.holds?.(facts, scale) ?? []) {
      const key = keyOf(alarm.name, holding.subject);
      const known = open.get(key);
      open.delete(key);
      const heldMs = known === undefined ? 0 : nowMs - known.sinceMs;
      const fires = known?.firedAtMs === undefined && heldMs >= scale.wait(alarm.forSeconds) * 1_000;
      changes.push({ type: known === undefined ? 'hold' : 'keep', alarm, holding, fires });
    }
  }
  for (const { name, subject } of open.values()) changes.push({ type: 'end', name, subject });
  return changes;
}

function keyOf(name: string, subject: string): string {
  return `${name}\n${subject}`;
}
