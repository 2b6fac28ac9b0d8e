// The sandbox: a stateful simulator for each payment provider, each its own process, speaking the provider's
// real protocol over real HTTP. It shares no code with the platform: a simulator that shares the adapter's
// code proves nothing. Its journal (journal.ts) is the oracle of what money moved.
// This file puts one simulator together; main.ts is its command line; README.md says how to drive it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createAdminHandler } from './admin.ts';
import { FaultBoard } from './faults.ts';
import { Listener } from './http.ts';
import { openJournal } from './journal.ts';
import { Kernel } from './kernel.ts';
import { Pipeline } from './pipeline.ts';
import { type ProviderName, SIMULATORS, type SimulatorDefinition } from './registry.ts';
import { Dispatcher } from './webhooks.ts';

export interface SimulatorSettings {
  provider: ProviderName;
  /** 0 takes a free port. */
  port: number;
  adminPort: number;
  dataDir: string;
  webhookUrl?: string | undefined;
  /** Scales waits (key windows, expiry, search lag); 1 is the provider's own pace. */
  timeScale?: number | undefined;
  /** Scales the issuer's timers of a challenge; as `timeScale` unless given. People click at their own pace. */
  challengeTimeScale?: number | undefined;
  host?: string | undefined;
  apiKey?: string | undefined;
  webhookSecret?: string | undefined;
  /** Adyen's merchant account; Stripe's account id. */
  merchantAccount?: string | undefined;
}

export interface Simulator {
  apiUrl: string;
  adminUrl: string;
  port: number;
  adminPort: number;
  close(): Promise<void>;
}

/** Starts a simulator of the registry, continuing from the journal in `dataDir` where there is one. */
export async function startSimulator(settings: SimulatorSettings): Promise<Simulator> {
  return await startSimulatorOf(SIMULATORS[settings.provider], settings);
}

/** Starts one that need not be in the registry: the template that new providers are made from. */
export async function startSimulatorOf(
  { create, defaults }: SimulatorDefinition,
  settings: Omit<SimulatorSettings, 'provider'> & { provider: string },
): Promise<Simulator> {
  const { provider: name, dataDir, host = '127.0.0.1', timeScale = 1 } = settings;
  const account = settings.merchantAccount ?? defaults.merchantAccount;
  await mkdir(dataDir, { recursive: true });
  const { journal, lines } = await openJournal(join(dataDir, `${name}.journal.jsonl`));
  const kernel = new Kernel({ journal, provider: name, account, timeScale });
  kernel.challengeTimeScale = settings.challengeTimeScale ?? timeScale;
  // A page for the cardholder needs this server's own address, known once it listens.
  const address = { apiUrl: '' };
  const options = {
    apiKey: settings.apiKey ?? defaults.apiKey,
    webhookSecret: settings.webhookSecret ?? defaults.webhookSecret,
    account,
    publicUrl: () => address.apiUrl,
  };
  const provider = create(kernel, options);
  const dispatcher = new Dispatcher({
    url: settings.webhookUrl,
    render: (row) => provider.renderWebhook(row),
    done: (row) => kernel.webhookDone(row),
  });
  kernel.onTask = (task, tx) => provider.runTask(task, tx);
  kernel.onWebhook = (row) => dispatcher.enqueue(row);
  kernel.restore(lines);
  const faults = new FaultBoard();
  const pipeline = new Pipeline(provider, kernel, faults);
  const api = new Listener(
    (request, response) => {
      // Only a bug or a dead journal ends here: the client sees a broken connection, never a wrong answer.
      pipeline.handle(request, response).catch((error: unknown) => {
        console.error(error);
        request.socket.destroy();
      });
    },
    host,
    settings.port,
  );
  faults.onRefusal = (refused) => (refused ? api.close() : api.reopen());
  const handleAdmin = createAdminHandler({ provider, kernel, faults, dispatcher });
  const admin = new Listener(
    (request, response) => void handleAdmin(request, response),
    host,
    settings.adminPort,
  );
  await api.open();
  await admin.open();
  address.apiUrl = api.url;
  kernel.start();
  return {
    apiUrl: api.url,
    adminUrl: admin.url,
    port: api.port,
    adminPort: admin.port,
    close: async () => {
      await Promise.all([api.close(), admin.close()]);
      dispatcher.close();
      await kernel.close();
    },
  };
}
