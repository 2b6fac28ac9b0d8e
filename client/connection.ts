import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { tracedCalls } from './tracing.ts';

/** Where Temporal is. The same settings reach a dev server, a cluster of one's own and Temporal Cloud. */
export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey?: string;
  readonly tls?: Tls;
}

/** As the SDK takes it. An empty object is TLS with the system's roots. */
export interface Tls {
  readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
  readonly serverRootCACertificate?: Buffer;
}

export async function connectClient(
  temporal: TemporalAddress,
  dataConverter: DataConverter,
): Promise<Client> {
  const connection = await Connection.connect({
    ...connectionOptions(temporal),
    connectTimeout: '10 seconds',
  });
  return new Client({
    connection,
    namespace: temporal.namespace,
    dataConverter,
    interceptors: { workflow: [tracedCalls] },
  });
}

/** The options that client and worker connections share. Cloud's API keys need TLS, with or without a certificate. */
export function connectionOptions({ address, apiKey, tls }: TemporalAddress) {
  return {
    address,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(apiKey === undefined && tls === undefined ? {} : { tls: tls ?? true }),
  };
}
