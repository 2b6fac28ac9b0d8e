import {
  CIRCUIT_FAILURES_TO_OPEN,
  CIRCUIT_LONGEST_WAIT,
  circuitOpenMs,
} from '../../../domain/routing/circuit.ts';
import type { CircuitState } from '../../../domain/routing/decision.ts';

interface Circuit {
  readonly failures: number;
  state: CircuitState;
  readonly openedAtMs: number;
  probeAfterMs: number;
}

/** The circuits of db/circuits.ts in memory, by the same numbers: there they are rows that all workers share. */
export class YearCircuits {
  private readonly circuits = new Map<string, Circuit>();

  /** What a payment sees at this moment: it takes the probe of a circuit whose time is up. */
  look(accountId: string, nowMs: number): CircuitState {
    const circuit = this.circuits.get(accountId);
    if (circuit === undefined || circuit.state === 'closed') return 'closed';
    if (circuit.probeAfterMs > nowMs) return 'open';
    circuit.state = 'half_open';
    circuit.probeAfterMs = nowMs + circuitOpenMs(1);
    return 'half_open';
  }

  good(accountId: string): void {
    this.circuits.delete(accountId);
  }

  bad(accountId: string, nowMs: number): void {
    const known = this.circuits.get(accountId);
    const failures = (known?.failures ?? 0) + 1;
    const wasOpen = known !== undefined && known.state !== 'closed';
    const opens = wasOpen || failures >= CIRCUIT_FAILURES_TO_OPEN;
    const openedAtMs = wasOpen ? known.openedAtMs : nowMs;
    const openMs = circuitOpenMs(1);
    const waitMs = Math.max(openMs, Math.min(CIRCUIT_LONGEST_WAIT * openMs, nowMs - openedAtMs));
    this.circuits.set(accountId, {
      failures,
      state: opens ? 'open' : 'closed',
      openedAtMs,
      probeAfterMs: nowMs + waitMs,
    });
  }
}
