import type { RoutingBook } from '../../domain/routing/book.ts';
import type { Observation } from '../../domain/routing/learning/index.ts';

/** For what sends and never routes: it knows no merchant, and keeps what it is told. */
export interface IdleBook extends RoutingBook {
  readonly observations: readonly Observation[];
  /** How often a circuit was written. */
  readonly touched: () => number;
}

export function idleBook(): IdleBook {
  const observations: Observation[] = [];
  let touched = 0;
  return {
    observations,
    touched: () => touched,
    snapshot: async () => undefined,
    candidates: () => [],
    observed: (observation) => void observations.push(observation),
    compared: () => undefined,
    circuitOf: () => ({ state: 'closed', probeDue: false }),
    async circuitTouched() {
      touched += 1;
    },
  };
}
