import { REAL_RULES, type Rules } from './rules.ts';
import { Violation } from './violation.ts';
import { type Options, World } from './world.ts';

export interface Failure {
  readonly seed: number;
  readonly violation: Violation;
  readonly trace: readonly string[];
}

/** Plays one schedule. A failure is played again with its trace written down. */
export function play(seed: number, rules: Rules = REAL_RULES): Failure | undefined {
  try {
    new World(seed, { rules }).run();
    return undefined;
  } catch {
    return retrace(seed, { rules });
  }
}

/** The same schedule, told line by line; undefined where it holds. */
export function retrace(seed: number, options: Options = {}): Failure | undefined {
  const world = new World(seed, { ...options, tracing: true });
  try {
    world.run();
    return undefined;
  } catch (error) {
    const violation =
      error instanceof Violation
        ? error
        : new Violation('bug', error instanceof Error ? (error.stack ?? '') : '');
    return { seed, violation, trace: world.trace };
  }
}
