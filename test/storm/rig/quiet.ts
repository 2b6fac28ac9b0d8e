import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProviderName } from '../evidence-types.ts';
import type { Rig } from './rig.ts';
import { PROVIDERS } from './settings.ts';

/**
 * When a storm is over: nothing is unfinished that isn't parked with a person, no webhook is on its way or
 * unread. What waits for the merchant (a capture, a confirmation) is at rest; what waits for its payer is not,
 * since their time ends.
 */
const LOOK_EVERY_MS = 250;
/** At rest so often in a row: what has just ended may be about to cause something. */
const LOOKS_AT_REST = 4;

/** What a person has been told of, by payment or by subject. */
const PARKED = `EXISTS (SELECT 1 FROM exception e WHERE e.closed_at IS NULL
  AND (e.payment_id = x.payment_id OR e.subject_id IN (x.id, x.payment_id)))`;

const QUERIES: Readonly<Record<string, string>> = {
  payment: `SELECT x.id || ' ' || x.status AS what FROM (SELECT id, id AS payment_id, status FROM payment) x
    WHERE x.status IN ('processing', 'requires_review', 'requires_action') AND NOT ${PARKED}`,
  operation: `SELECT x.id || ' ' || x.status || ' is open' AS what
    FROM (SELECT id, payment_id, status FROM operation WHERE closed_at IS NULL) x WHERE NOT ${PARKED}`,
  refund: `SELECT x.id || ' ' || x.status AS what FROM (SELECT id, payment_id, status FROM refund) x
    WHERE x.status IN ('pending', 'requires_review') AND NOT ${PARKED}`,
  inbox: `SELECT 'inbox ' || id || ' is unread' AS what FROM inbox WHERE acknowledged_at IS NULL`,
  webhook_delivery: `SELECT e.description || ' has not had ' || o.id AS what FROM webhook_endpoint e CROSS JOIN outbox o
    WHERE e.status = 'enabled' AND NOT EXISTS (SELECT 1 FROM webhook_delivery d
      WHERE d.endpoint_id = e.id AND d.event_id = o.id AND d.status <> 'pending')`,
};

export interface Rest {
  /** Absent: patience ended first. */
  readonly quietAtMs?: number;
  readonly restless: readonly string[];
  /** How many were restless at which time after healing. */
  readonly course: readonly { readonly atMs: number; readonly restless: number }[];
}

export async function untilQuiet(
  rig: Rig,
  options: {
    readonly patienceMs: number;
    readonly signal: AbortSignal;
    /** How many of the merchant's scenarios are still under way. */
    readonly underWay: () => number;
  },
): Promise<Rest> {
  const { patienceMs, signal, underWay } = options;
  const startedMs = Date.now();
  const course: { atMs: number; restless: number }[] = [];
  let atRest = 0;
  let quietAtMs = startedMs;
  for (;;) {
    signal.throwIfAborted();
    const business = underWay() === 0 ? [] : [`the merchant: ${underWay()} scenarios are under way`];
    const restless = [...business, ...(await whatIsRestless(rig))];
    course.push({ atMs: Date.now() - startedMs, restless: restless.length });
    if (restless.length > 0) atRest = 0;
    else if (atRest === 0) quietAtMs = Date.now();
    atRest += restless.length === 0 ? 1 : 0;
    if (atRest >= LOOKS_AT_REST) return { quietAtMs, restless, course };
    if (Date.now() - startedMs > patienceMs) return { restless, course };
    await delay(LOOK_EVERY_MS);
  }
}

async function whatIsRestless(rig: Rig): Promise<string[]> {
  const found: string[] = [];
  for (const [table, query] of Object.entries(QUERIES)) {
    const [there] = await rig.sql<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
    if (there?.there !== true) continue;
    found.push(...(await rig.sql<{ what: string }>(query)).map(({ what }) => what));
  }
  if (found.length > 0) return found;
  // Reading the journals is dearer, and pointless before.
  await flushJournals(rig);
  return PROVIDERS.flatMap((provider) => undelivered(rig, provider));
}

/** What a simulator shows of its journal is on disk; lines that nobody waits for may not be, until then. */
export async function flushJournals(rig: Rig): Promise<void> {
  for (const provider of PROVIDERS)
    await rig.admin(provider, 'GET', `/journal?since=${Number.MAX_SAFE_INTEGER}`);
}

/** Webhooks that the simulator still means to deliver: rows of its journal that were not taken back. */
function undelivered(rig: Rig, provider: ProviderName): string[] {
  const open = new Set<string>();
  for (const text of readFileSync(rig.journalPath(provider), 'utf8').split('\n')) {
    if (!text.includes('"table":"webhook"')) continue;
    const { id, value } = JSON.parse(text) as { id: string; value: unknown };
    if (value === null) open.delete(id);
    else open.add(id);
  }
  return [...open].map((id) => `${provider} has not delivered ${id}`);
}
