import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { ROOT } from '../../cli/stack/paths.ts';
import { httpCaller } from '../lib/http.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { neutralEnvironment } from '../payments/stack.ts';
import type { Server } from '../reconciliation/server.ts';
import { MERCHANTS } from './world.ts';

const readySchema = z.object({
  url: z.string(),
  merchantKey: z.string(),
  merchantDigest: z.string(),
  operatorKey: z.string(),
  operatorDigest: z.string(),
});

/** The API over HTTP, asked by a merchant and by an analyst. Anything but a 200 ends the run. */
export interface AnalyticsApi {
  payment(id: string): Promise<void>;
  figures(path: string): Promise<void>;
}

export async function startAnalyticsApi(
  context: SuiteContext,
  server: Server,
  database: string,
): Promise<AnalyticsApi> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'bench/analytics/api-process.ts', server.urlOf(database)],
    { cwd: ROOT, env: neutralEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] },
  );
  context.defer(() => end(child));
  const ready = readySchema.parse(JSON.parse(await firstLine(child)));
  await server.asOwner(database, async (owner) => {
    await owner.query(
      `INSERT INTO api_key (id, merchant_id, mode, digest, name) VALUES ('key_bench', $1, 'live', $2, 'bench')`,
      [MERCHANTS[0]?.id, ready.merchantDigest],
    );
    await owner.query(
      `INSERT INTO operator (id, name, digest, role) VALUES ('opr_bench', 'bench', $1, 'analyst')`,
      [ready.operatorDigest],
    );
  });
  const merchant = httpCaller(ready.url, { authorization: `Bearer ${ready.merchantKey}` });
  const analyst = httpCaller(ready.url, { authorization: `Bearer ${ready.operatorKey}` });
  context.defer(async () => {
    merchant.close();
    analyst.close();
  });
  const ask = async ({ call }: ReturnType<typeof httpCaller>, path: string) => {
    const answer = await call('GET', path);
    if (answer.status !== 200)
      throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  };
  return {
    payment: (id) => ask(merchant, `/v1/payments/${id}`),
    figures: (path) => ask(analyst, path),
  };
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

async function firstLine(child: Child): Promise<string> {
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the API ended with code ${code}`);
    }),
  ]);
  return String(line);
}

async function end(child: Child): Promise<void> {
  if (child.exitCode !== null) return;
  child.stdin.end();
  await once(child, 'exit');
}
