// Faults on command: which request breaks, how, and how often. Deciding only; the pipeline carries them out.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { table } from './kernel.ts';
import type { Operation } from './provider.ts';

export const FAULT_MODES = [
  'latency',
  'status',
  'status_after_commit',
  'refuse',
  'reset_before_commit',
  'reset_after_commit',
  'truncate',
  'hang',
  'hang_after_commit',
] as const;
export type FaultMode = (typeof FAULT_MODES)[number];

export const faultRequest = z.strictObject({
  operation: z.enum(['any', 'authorize', 'capture', 'void', 'refund', 'lookup']).default('any'),
  mode: z.enum(FAULT_MODES),
  latencyMs: z.number().int().min(0).max(3_600_000).optional(),
  status: z.number().int().min(400).max(599).default(503),
  /** How many requests it breaks; forever when absent. */
  times: z.number().int().min(1).optional(),
  match: z.strictObject({ reference: z.string().optional() }).default({}),
});
export type FaultRequest = z.infer<typeof faultRequest>;

export interface Fault {
  id: string;
  operation: 'any' | Operation;
  mode: FaultMode;
  latencyMs: number;
  status: number;
  timesLeft: number | null;
  reference: string | null;
}

/** Test-value faults that have fired, by reference and operation: they outlive the process. */
export const firedTestFaults = table<{ at: number }>('fired_test_fault');

const DEFAULT_LATENCY_MS = 1_000;

export class FaultBoard {
  #faults: Fault[] = [];
  /** Called when connections start or stop being refused. */
  onRefusal: (refused: boolean) => Promise<void> = async () => {};
  /** Called when faults go away, so that hanging requests can be let go. */
  onClear: () => void = () => {};

  async add(request: FaultRequest): Promise<Fault> {
    const fault: Fault = {
      id: `fault_${randomUUID()}`,
      operation: request.operation,
      mode: request.mode,
      latencyMs: request.latencyMs ?? (request.mode === 'latency' ? DEFAULT_LATENCY_MS : 0),
      status: request.status,
      timesLeft: request.times ?? null,
      reference: request.match.reference ?? null,
    };
    this.#faults.push(fault);
    if (fault.mode === 'refuse') await this.onRefusal(true);
    return fault;
  }

  list(): Fault[] {
    return this.#faults;
  }

  async clear(): Promise<void> {
    const refused = this.#faults.some((fault) => fault.mode === 'refuse');
    this.#faults = [];
    this.onClear();
    if (refused) await this.onRefusal(false);
  }

  /** The first fault that fits, used up by one. */
  take(operation: Operation, reference: string | null): Fault | undefined {
    const fault = this.#faults.find(
      (candidate) =>
        candidate.mode !== 'refuse' &&
        (candidate.operation === 'any' || candidate.operation === operation) &&
        (candidate.reference === null || candidate.reference === reference),
    );
    if (fault?.timesLeft === undefined || fault.timesLeft === null) return fault;
    fault.timesLeft -= 1;
    if (fault.timesLeft === 0) this.#faults = this.#faults.filter((other) => other !== fault);
    return fault;
  }
}
