import { enabledEndpoints } from '../db/webhooks/index.ts';
import type { EventDoor, PassRegister } from '../domain/door.ts';
import { deliveryWorkflowId, type Mode } from '../domain/names.ts';
import { type DeliveryInput, pokeSignal } from '../workflows/delivery/messages.ts';
import type { DoorParts } from './generations.ts';

export const DELIVERY_WORKFLOW = 'delivery';

export interface DeliveriesDoor extends EventDoor {
  /** Starts an endpoint's workflow where none runs, and wakes it: after it was made, changed or replayed. */
  pokeEndpoint(endpointId: string): Promise<void>;
  /** No poke is sent after this. */
  close(): void;
}

/** The first poke waits so long for others to join it; the next leaves no sooner than this after it. */
const JOIN_MS = 50;
const APART_MS = 1_000;
/** What one process knows of one merchant in one mode. */
interface Merchant {
  timer?: NodeJS.Timeout;
  /** `performance.now()` of the last poke that left. */
  pokedAt: number;
}

/**
 * Pokes are many, and each costs a workflow task: a merchant's are joined, and come a second apart under load, which
 * is how long a pass lingers before it rests.
 */
export function createDeliveriesDoor(deps: DoorParts): DeliveriesDoor & PassRegister {
  const merchants = new Map<string, Merchant>();
  /** Passes of this process, by endpoint. */
  const passes = new Map<string, Set<{ spared: boolean }>>();
  let closed = false;

  const pokeEndpoint = async (endpointId: string) => {
    const input: DeliveryInput = { endpointId };
    await deps.client.workflow.signalWithStart(DELIVERY_WORKFLOW, {
      taskQueue: deps.taskQueue,
      workflowId: deliveryWorkflowId(endpointId),
      args: [input],
      signal: pokeSignal,
      staticSummary: 'webhooks to one endpoint',
    });
  };

  const pokeAll = async (merchantId: string, mode: Mode) => {
    const endpoints = await enabledEndpoints(deps.db, { merchantId, mode });
    const atRest = endpoints.filter((id) => {
      for (const pass of passes.get(id) ?? []) pass.spared = true;
      return !passes.has(id);
    });
    await Promise.all(atRest.map(pokeEndpoint));
  };

  return {
    pokeEndpoint,
    pokeEndpoints(merchantId, mode) {
      const key = `${mode}/${merchantId}`;
      const merchant = merchants.get(key) ?? { pokedAt: Number.NEGATIVE_INFINITY };
      merchants.set(key, merchant);
      if (closed || merchant.timer !== undefined) return;
      const waitMs = Math.max(JOIN_MS, merchant.pokedAt + APART_MS - performance.now());
      merchant.timer = setTimeout(() => {
        delete merchant.timer;
        merchant.pokedAt = performance.now();
        // Lost where Temporal or Postgres is away: endpoints look for themselves within their idle time.
        pokeAll(merchantId, mode).catch(() => undefined);
      }, waitMs);
      merchant.timer.unref();
    },
    passBegins(endpointId) {
      const pass = { spared: false };
      const ofEndpoint = passes.get(endpointId) ?? new Set();
      passes.set(endpointId, ofEndpoint.add(pass));
      return {
        end() {
          ofEndpoint.delete(pass);
          if (ofEndpoint.size === 0) passes.delete(endpointId);
          return pass.spared;
        },
      };
    },
    close() {
      closed = true;
      for (const { timer } of merchants.values()) clearTimeout(timer);
    },
  };
}
