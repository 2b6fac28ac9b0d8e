import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runForeground } from '../run-child.ts';
import { dataDirOf, ROOT } from '../stack/paths.ts';
import { ProcessGroup } from '../stack/processes.ts';
import { createProgress } from '../stack/progress.ts';
import { bringUp, type Stack, wipe } from '../stack/up.ts';
import { UsageError, type Verb } from '../verb.ts';

const DEFAULT_API_PORT = 3000;

const verb: Verb = {
  summary: 'start everything on this machine: databases, Temporal, sandboxes, worker, API',
  usage: `Usage: ./interlock up [--demo] [--fresh] [--api-port N]

Starts Postgres, a Temporal server, the providers' sandboxes, a worker and the API, and stays up until Ctrl-C,
which ends all of them. Data is kept in .interlock/ (or INTERLOCK_DATA_DIR) and found again at the next start.

  --demo          run the demo once everything is up
  --fresh         delete the data of earlier starts first
  --api-port N    the API's port (${DEFAULT_API_PORT}); a busy one is replaced by a free one and printed
  --json          print the table as one line of JSON

Environment: DATABASE_URL and TEMPORAL_ADDRESS (with TEMPORAL_NAMESPACE, TEMPORAL_API_KEY or TEMPORAL_TLS_*)
use servers of yours instead. STRIPE_SECRET_KEY (with STRIPE_WEBHOOK_SECRET), ADYEN_API_KEY (with
ADYEN_MERCHANT_ACCOUNT and ADYEN_HMAC_KEY) and CHECKOUT_SECRET_KEY (with CHECKOUT_API_URL, CHECKOUT_PROCESSING_CHANNEL
and CHECKOUT_WEBHOOK_KEY) use the providers' real test systems instead of the sandboxes.`,
  run,
};

export default verb;

function parse(argv: string[]) {
  const { values } = parseArgs({
    args: argv,
    options: {
      demo: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'api-port': { type: 'string' },
    },
  });
  const apiPort = Number(values['api-port'] ?? process.env.API_PORT ?? DEFAULT_API_PORT);
  if (!Number.isInteger(apiPort) || apiPort < 1 || apiPort > 65_535) {
    throw new UsageError(
      `--api-port must be a port number, not ${values['api-port'] ?? process.env.API_PORT}`,
    );
  }
  return { ...values, apiPort };
}

async function run(argv: string[]): Promise<number> {
  const options = parse(argv);
  const dataDir = dataDirOf(process.env);
  const progress = createProgress();
  progress.say(`Interlock is starting; its data is in ${dataDir}`);
  const group = await ProcessGroup.open(dataDir, ({ kind, detail }) =>
    progress.say(`  ${kind === 'restarted' ? '✓' : '!'} ${detail}`),
  );
  const stopped = stopOnSignals(group, progress.say);
  try {
    if (options.fresh) {
      wipe(dataDir, process.env);
      progress.say('  ✓ earlier data deleted');
    }
    const stack = await Promise.race([
      bringUp({ group, dataDir, env: process.env, progress, apiPort: options.apiPort }),
      stopped,
    ]);
    if (typeof stack === 'number') return stack;
    if (options.demo) await runDemo(progress.say);
    console.log(options.json ? JSON.stringify(summary(stack)) : table(stack, dataDir));
    return await stopped;
  } catch (error) {
    await group.stopAll();
    throw error;
  }
}

/** Resolves to the exit code once a signal has ended everything; a second signal doesn't wait. */
function stopOnSignals(group: ProcessGroup, say: (line: string) => void): Promise<number> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      signals += 1;
      if (signals > 1) {
        void group.stopAll(true).then(() => process.exit(130));
        return;
      }
      say('\nStopping (Ctrl-C again to kill) ...');
      void group.stopAll().then(() => {
        say('Stopped. The data is kept; ./interlock up continues with it.');
        resolve(signal === 'SIGINT' ? 0 : 143);
      });
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

/** The demo is a customer like any other: it finds the stack by its file and speaks to the public API. */
async function runDemo(say: (line: string) => void): Promise<void> {
  if (!existsSync(join(ROOT, 'cli/verbs/demo.ts'))) {
    say('  ! there is no demo in this checkout');
    return;
  }
  const code = await runForeground(process.execPath, [join(ROOT, 'interlock'), 'demo', '--json']);
  if (code !== 0) say(`  ! the demo ended with code ${code}: see above`);
}

function summary(stack: Stack) {
  const { apiUrl, apiKey, merchantId, operatorKeys, people, ...rest } = stack;
  const { temporalAddress, temporalUiUrl, timeScale, notes } = rest;
  const known = { apiUrl, apiKey, merchantId, operatorKeys, people };
  return { ...known, temporalAddress, temporalUiUrl, timeScale, notes };
}

function table(stack: Stack, dataDir: string): string {
  const hidden = new URL(stack.databaseUrl);
  hidden.password = hidden.password && '***';
  const rows: [string, string][] = [
    ['API', stack.apiUrl],
    ['OpenAPI', `${stack.apiUrl}/openapi.json`],
    ['Temporal', stack.temporalAddress],
    ...(stack.temporalUiUrl ? [['Temporal Web UI', stack.temporalUiUrl] as [string, string]] : []),
    ['Postgres', hidden.href],
    ...stack.accounts.map(({ provider, baseUrl, sandbox }): [string, string] => [
      `${provider} ${sandbox ? 'sandbox' : '(real, test mode)'}`,
      sandbox ? `${baseUrl}  (faults: http://127.0.0.1:${sandbox.adminPort})` : baseUrl,
    ]),
    ['Time scale', `${stack.timeScale} (waits; 1 is real time)`],
    ['Logs', join(dataDir, 'logs')],
    ['Demo API key', stack.apiKey],
    ['Operator alice', stack.operatorKeys.alice],
    ['Operator bob', stack.operatorKeys.bob],
    ['Console', `${stack.apiUrl}/console`],
    ...Object.values(stack.people).map(({ role, email, password }): [string, string] => [
      `Sign in (${role})`,
      `${email}  ${password}`,
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const line = '─'.repeat(78);
  return [
    line,
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    line,
    ...stack.notes.map((note) => `  Note: ${note}`),
    'Try it:',
    `  curl -s '${stack.apiUrl}/v1/payments?limit=3' -H 'Authorization: Bearer ${stack.apiKey}'`,
    '  ./interlock operator exceptions --as alice',
    'Ctrl-C stops everything; the data is kept.',
  ].join('\n');
}
