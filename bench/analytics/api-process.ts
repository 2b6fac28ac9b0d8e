import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { startApi } from '../../api/main.ts';
import { createFakeDoor } from '../../api/test-support/fake-door.ts';
import type { DoorConnection } from '../../client/index.ts';
import { createVault } from '../../vault/index.ts';

/** The API as it runs, in a process of its own, on a database without a Temporal: nothing that is measured here reaches it. */
const [databaseUrl = ''] = process.argv.slice(2);
const ring = () => ({ activeId: 'k1', keys: { k1: randomBytes(32) } });
const keys = { codec: ring(), vault: ring(), digest: randomBytes(32) };
const nothing = async () => undefined;

const connection: DoorConnection = {
  door: createFakeDoor(),
  deliveries: { pokeEndpoint: nothing, pokeEndpoints: () => undefined, close: () => undefined },
  reconciliations: {
    run: async () => '',
    progress: nothing,
    result: async () => ({ status: 'closed', posted: 0 }),
  },
  cases: { command: async () => ({ type: 'not_found' }) },
  backtests: { start: nothing },
  experiments: { look: nothing },
  check: nothing,
  close: nothing,
};

const LINES = pino.multistream([
  { level: 'info', stream: pino.destination('/dev/null') },
  { level: 'error', stream: process.stderr },
]);

const api = await startApi(
  {
    databaseUrl,
    temporal: { address: '127.0.0.1:1', namespace: 'default', taskQueue: 'none' },
    keys,
    providerSecrets: {},
    timeScale: 1,
    providerDeadlineMs: 1_000,
    completeByMs: 120_000,
    apiWaitMs: 2_000,
    api: { host: '127.0.0.1', port: 0 },
    logLevel: 'info',
  },
  // As in production each request is a line, which is written and read by nobody.
  { connect: async () => connection, logger: pino({ level: 'info' }, LINES) },
);

/** Keys are kept as digests, and the digest's own key is this process's: it says what to store. */
const { keyedDigest } = createVault({ keys: keys.vault, digestKey: keys.digest });
const merchantKey = `sk_live_${randomBytes(18).toString('base64url')}`;
const operatorKey = `iop_${randomBytes(18).toString('base64url')}`;
process.stdout.write(
  `${JSON.stringify({
    url: api.url,
    merchantKey,
    merchantDigest: keyedDigest(merchantKey),
    operatorKey,
    operatorDigest: keyedDigest(operatorKey),
  })}\n`,
);
process.stdin.on('end', () => void api.close().then(() => process.exit(0)));
process.stdin.resume();
