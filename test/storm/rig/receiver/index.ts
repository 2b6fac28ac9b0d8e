/** The merchant's endpoints from the rig's side: how each behaves, and what came to them. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../../../../cli/stack/paths.ts';
import type { ChildSpec } from '../../../../cli/stack/processes.ts';
import {
  type DeliveryLine,
  ENDPOINTS,
  type EndpointEvidence,
  type EndpointName,
} from '../../evidence-types.ts';
import type { Mode, ReceiverFile } from './behaviour.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export class Receiver {
  readonly endpoints: EndpointEvidence[] = [];
  readonly #port: number;
  readonly #filePath: string;
  readonly #journalPath: string;
  readonly #modes = new Map<EndpointName, Mode>();

  constructor(dataDir: string, port: number) {
    this.#port = port;
    this.#filePath = join(dataDir, 'receiver.json');
    this.#journalPath = join(dataDir, 'deliveries.jsonl');
    writeFileSync(this.#journalPath, '', { flag: 'a' });
    this.#tell();
  }

  /** Its process, from this checkout: it is the merchant's, and no part of what is broken. */
  spec(timeoutMs: number): ChildSpec {
    const files = [MAIN, String(this.#port), this.#filePath, this.#journalPath];
    return {
      name: 'receiver',
      command: process.execPath,
      args: ['--max-semi-space-size=4', '--import', 'tsx', ...files],
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? '' },
      readiness: { timeoutMs },
    };
  }

  /** Registers each endpoint as a merchant does, before there is anything to hear of. */
  async register(apiUrl: string, apiKey: string): Promise<void> {
    for (const name of ENDPOINTS) {
      const url = `http://127.0.0.1:${this.#port}/hooks/${name}`;
      const response = await fetch(`${apiUrl}/v1/webhook_endpoints`, {
        method: 'POST',
        body: JSON.stringify({ url, description: name }),
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': `storm-endpoint-${name}`,
        },
      });
      const made = (await response.json()) as { id: string; secret: string };
      if (response.status !== 201) throw new Error(`${name}: ${response.status} ${JSON.stringify(made)}`);
      this.endpoints.push({ name, id: made.id, secret: made.secret });
    }
    this.#tell();
  }

  /** From the next request on. */
  behave(name: EndpointName, mode: Mode): void {
    this.#modes.set(name, mode);
    this.#tell();
  }

  modeOf(name: EndpointName): Mode {
    return this.#modes.get(name) ?? 'well';
  }

  healAll(): void {
    for (const name of ENDPOINTS) this.behave(name, 'well');
  }

  /** In the order in which they were written down; a line that a kill has cut was never answered. */
  lines(): DeliveryLine[] {
    return readFileSync(this.#journalPath, 'utf8')
      .split('\n')
      .flatMap((text) => {
        try {
          return text === '' ? [] : [JSON.parse(text) as DeliveryLine];
        } catch {
          return [];
        }
      });
  }

  /** By renaming: the process may be reading. */
  #tell(): void {
    const endpoints = Object.fromEntries(
      this.endpoints.map(({ name, secret }) => [name, { secret, mode: this.modeOf(name) }]),
    );
    writeFileSync(`${this.#filePath}.new`, JSON.stringify({ endpoints } satisfies ReceiverFile));
    renameSync(`${this.#filePath}.new`, this.#filePath);
  }
}
