import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A merchant's endpoint, as cheap as Node has it: it shares the machine with what is measured. */
export interface Sink {
  readonly url: string;
  /** Epoch milliseconds at which each event first arrived, by its id. */
  readonly arrivedAtMs: Map<string, number>;
  close(): Promise<void>;
}

export async function startSink(hangs: boolean): Promise<Sink> {
  const arrivedAtMs = new Map<string, number>();
  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id']);
    if (!arrivedAtMs.has(id)) arrivedAtMs.set(id, Date.now());
    request.resume();
    request.on('end', () => {
      if (!hangs) response.writeHead(204).end();
    });
  });
  server.keepAliveTimeout = 30_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    arrivedAtMs,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Waits until so many have arrived; a figure with lost events would be none. */
export async function untilArrived(sink: Sink, count: number, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (sink.arrivedAtMs.size < count) {
    if (performance.now() > deadline)
      throw new Error(`only ${sink.arrivedAtMs.size} of ${count} events arrived`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
