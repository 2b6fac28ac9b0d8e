import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** So long may the SDK's own page take: Prometheus itself gives up after ten seconds. */
const SDK_TIMEOUT_MS = 3_000;

/** Where a page is scraped. */
export const METRICS_PATH = '/metrics';

/**
 * Answers with a process's metrics, and with those of Temporal's SDK behind them where it keeps a page of its own: one
 * process, one page. Without the SDK's part the rest is told all the same, and `interlock_sdk_metrics_up` is 0.
 */
export async function answerMetrics(
  response: ServerResponse,
  registry: Registry,
  sdkUrl?: string,
): Promise<void> {
  const [own, sdk] = await Promise.all([registry.metrics(), sdkUrl === undefined ? '' : readSdk(sdkUrl)]);
  const up =
    sdkUrl === undefined
      ? ''
      : `# HELP interlock_sdk_metrics_up Whether the metrics of Temporal's SDK are on this page.\n# TYPE interlock_sdk_metrics_up gauge\ninterlock_sdk_metrics_up ${sdk === undefined ? 0 : 1}\n`;
  response.writeHead(200, { 'content-type': registry.contentType });
  response.end(`${own.trimEnd()}\n${up}${sdk ?? ''}`);
}

async function readSdk(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(SDK_TIMEOUT_MS) });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a request is one for the page. */
export function asksForMetrics({ method, url }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && url?.split('?')[0] === METRICS_PATH;
}

export interface MetricsPage {
  readonly url: string;
  close(): Promise<void>;
}

/** A page on a port of its own, for a process whose other port is the public's. */
export async function startMetricsPage(
  at: { readonly host: string; readonly port: number },
  registry: Registry,
): Promise<MetricsPage> {
  const server = createServer((request, response) => {
    if (asksForMetrics(request)) {
      answerMetrics(response, registry).catch(() => response.destroy());
      return;
    }
    response.writeHead(404).end();
  });
  await listening(server, at);
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    url: `http://${host}:${port}${METRICS_PATH}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
