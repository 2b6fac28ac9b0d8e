/** The toxics of toxiproxy that the storm uses, as its HTTP API names them. */
export type Toxic =
  /** Each chunk waits. */
  | { readonly type: 'latency'; readonly attributes: { readonly latency: number; readonly jitter: number } }
  /** Nothing passes, and after `timeout` ms (above 0) the connection is closed. */
  | { readonly type: 'timeout'; readonly attributes: { readonly timeout: number } }
  /** TCP RST after `timeout` ms. */
  | { readonly type: 'reset_peer'; readonly attributes: { readonly timeout: number } }
  /** After so many bytes the connection is closed: a body is cut in two. */
  | { readonly type: 'limit_data'; readonly attributes: { readonly bytes: number } };

/** `downstream` is what the server answers, `upstream` what the client sends. */
export type Stream = 'upstream' | 'downstream';

export interface Link {
  readonly name: string;
  readonly listenPort: number;
  readonly upstreamPort: number;
}

/** What drives either proxy: both speak the same HTTP API. */
export class ProxyClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async version(): Promise<string> {
    const response = await fetch(`${this.#url}/version`, { signal: AbortSignal.timeout(2_000) });
    return response.text();
  }

  async addLink({ name, listenPort, upstreamPort }: Link): Promise<void> {
    await this.#call('POST', '/proxies', {
      name,
      listen: `127.0.0.1:${listenPort}`,
      upstream: `127.0.0.1:${upstreamPort}`,
      enabled: true,
    });
  }

  async addToxic(link: string, stream: Stream, toxic: Toxic): Promise<void> {
    const name = `${toxic.type}_${stream}`;
    await this.#call('POST', `/proxies/${link}/toxics`, { name, stream, toxicity: 1, ...toxic });
  }

  async removeToxic(link: string, stream: Stream, type: Toxic['type']): Promise<void> {
    await this.#call('DELETE', `/proxies/${link}/toxics/${type}_${stream}`);
  }

  /** Removes every toxic. */
  async reset(): Promise<void> {
    await this.#call('POST', '/reset');
  }

  async #call(method: string, path: string, body?: unknown): Promise<void> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the proxy refused ${method} ${path}: ${response.status} ${text}`);
  }
}
