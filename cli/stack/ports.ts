import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Ports handed out by this process but perhaps not bound yet: two callers must not get the same one. */
const promised = new Set<number>();

/** Binds a port for a moment. `0` asks the system for any; resolves to the port, or undefined if it is taken. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}

/** A free port on the loopback interface, chosen by the system. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await tryPort(0);
    if (port === undefined) throw new Error('The system has no free port left on the loopback interface.');
    if (promised.has(port)) continue;
    promised.add(port);
    return port;
  }
}

/** The preferred port where it is free, else another one; `moved` says which of the two happened. */
export async function choosePort(preferred: number): Promise<{ port: number; moved: boolean }> {
  if (!promised.has(preferred) && (await tryPort(preferred)) !== undefined) {
    promised.add(preferred);
    return { port: preferred, moved: false };
  }
  return { port: await freePort(), moved: true };
}
