import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How a server of the API begins and ends. */
/** How long requests under way may take to finish once the process is told to stop. */
const DRAIN_MS = 15_000;

/** Resolves to the address by which it is reached. */
export function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: actual } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actual}`);
    });
  });
}

/** A connection that was busy when the server closed turns idle later, and would be kept alive for others. */
const IDLE_SWEEP_MS = 50;
/** So long may a connection on which nothing was ever said, and which Node counts as busy, still begin a request. */
const SILENT_MS = 1_000;

/** Lets what is under way finish, and closes every connection as it falls idle. */
export function drain(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    const silent = setTimeout(() => {
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    }, SILENT_MS);
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(silent);
      clearTimeout(cut);
      resolve();
    });
  });
}

/** Those that are open, kept up to date. */
export function connectionsOf(server: Server): ReadonlySet<Socket> {
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return connections;
}

/** The Web UI's origin, by both names that a person may type for this machine. */
export function originsOf(uiUrl: string): readonly string[] {
  const { origin } = new URL(uiUrl);
  return [...new Set([origin, origin.replace('//127.0.0.1', '//localhost')])];
}

/** Somebody else has the port. */
export function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
