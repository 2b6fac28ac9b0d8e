import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { eventually, type Merchant } from './merchant.ts';

/**
 * The merchant's own webhook receiver, as docs/webhooks.md tells one to write it: it verifies, answers, and keeps what
 * it heard. Of every tenth event it pretends to be down once, so that the demo shows a retry, too.
 */
export interface Listener {
  /** Waits until the payments' events have come, and counts them; `problems` names what is not as promised. */
  heard(paymentIds: readonly string[]): Promise<Heard>;
  close(): Promise<void>;
}

export interface Heard {
  readonly events: number;
  readonly delivered: number;
  readonly problems: readonly string[];
}

const eventSchema = z.object({ id: z.string(), payment: z.string(), sequence: z.number() });
type Event = z.infer<typeof eventSchema>;

/** The ladder's first rungs at the demo's time scale, and a moment for the machine. */
const PATIENCE_MS = 20_000;
const TAKEN = 204;
const FORGED = 400;
const DOWN = 503;

export async function startListener(merchant: Merchant): Promise<Listener> {
  const heard = new Map<string, Event[]>();
  const refusedOnce = new Set<string>();
  let forged = 0;
  let secret: Webhook | undefined;
  const take = (body: string, headers: IncomingMessage['headers']): number => {
    const event = verified(secret, body, headers);
    if (event === undefined) {
      forged += 1;
      return FORGED;
    }
    if (refusedOnce.size * 10 < heard.size && !refusedOnce.has(event.id)) {
      refusedOnce.add(event.id);
      return DOWN;
    }
    const before = heard.get(event.payment) ?? [];
    // At least once: a repeat of what is known is taken, and changes nothing.
    if (!before.some(({ id }) => id === event.id)) heard.set(event.payment, [...before, event]);
    return TAKEN;
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () =>
      response.writeHead(take(Buffer.concat(chunks).toString(), request.headers)).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = await merchant.listenAt(`http://127.0.0.1:${port}/interlock`);
  secret = new Webhook(endpoint.secret);
  return {
    async heard(paymentIds) {
      const written = new Map<string, readonly Event[]>();
      for (const id of paymentIds) written.set(id, await merchant.events(id));
      const missing = () =>
        paymentIds.filter((id) => (heard.get(id) ?? []).length < (written.get(id) ?? []).length);
      await eventually(
        async () => missing(),
        (left) => left.length === 0,
        PATIENCE_MS,
      );
      const problems = paymentIds.flatMap((id) => judged(id, written.get(id) ?? [], heard.get(id) ?? []));
      const count = (of: ReadonlyMap<string, readonly Event[]>) =>
        paymentIds.reduce((sum, id) => sum + (of.get(id) ?? []).length, 0);
      return {
        events: count(written),
        delivered: count(heard),
        problems: forged === 0 ? problems : [...problems, `${forged} webhooks were not signed by our secret`],
      };
    },
    async close() {
      await endpoint.remove();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function verified(
  secret: Webhook | undefined,
  body: string,
  headers: IncomingMessage['headers'],
): Event | undefined {
  try {
    return eventSchema.parse(secret?.verify(body, headers as Record<string, string>));
  } catch {
    return undefined;
  }
}

/** In order, and without a gap: 1, 2, 3, as they were written. */
function judged(id: string, written: readonly Event[], heard: readonly Event[]): string[] {
  const numbers = heard.map(({ sequence }) => sequence);
  if (numbers.length < written.length) return [`${id}: ${written.length} events, ${numbers.length} heard of`];
  const inOrder = numbers.every((sequence, index) => sequence === index + 1);
  return inOrder ? [] : [`${id}: heard in the order ${numbers.join(', ')}`];
}
