// The command line of one simulator: `node --import tsx sandbox/main.ts <provider> --port N …`.
// Prints one JSON line once it listens, then serves until SIGTERM or SIGINT.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { PROVIDER_NAMES } from './registry.ts';
import { startSimulator } from './simulator.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const commandLine = z.object({
  provider: z.enum(PROVIDER_NAMES),
  port: port.default(0),
  'admin-port': port.default(0),
  'data-dir': z.string().min(1),
  'webhook-url': z.url().optional(),
  'time-scale': z.coerce.number().positive().default(1),
  'challenge-time-scale': z.coerce.number().positive().optional(),
  host: z.string().default('127.0.0.1'),
  'api-key': z.string().min(1).optional(),
  'webhook-secret': z.string().min(1).optional(),
  'merchant-account': z.string().min(1).optional(),
});

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: text,
    'admin-port': text,
    'data-dir': text,
    'webhook-url': text,
    'time-scale': text,
    'challenge-time-scale': text,
    host: text,
    'api-key': text,
    'webhook-secret': text,
    'merchant-account': text,
  },
});
const parsed = commandLine.safeParse({ provider: positionals[0], ...values });
if (!parsed.success) {
  console.error(`sandbox: ${z.prettifyError(parsed.error)}`);
  process.exit(2);
}
const options = parsed.data;
const simulator = await startSimulator({
  provider: options.provider,
  port: options.port,
  adminPort: options['admin-port'],
  dataDir: options['data-dir'],
  webhookUrl: options['webhook-url'],
  timeScale: options['time-scale'],
  challengeTimeScale: options['challenge-time-scale'],
  host: options.host,
  apiKey: options['api-key'],
  webhookSecret: options['webhook-secret'],
  merchantAccount: options['merchant-account'],
});
let closing = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (closing) return;
    closing = true;
    simulator.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

// Last: whoever reads this line may send a signal at once.
const { apiUrl, adminUrl, port: apiPort, adminPort } = simulator;
console.log(
  JSON.stringify({ ready: true, provider: options.provider, port: apiPort, adminPort, apiUrl, adminUrl }),
);
