import { z } from 'zod';
import { within } from './deadline.ts';
import type { Reply, Route, Services } from './route.ts';
import type { WebhookCounts } from './webhooks/routes.ts';

const CHECK_MS = 1_000;

const healthSchema = z
  .object({
    status: z.literal('ok'),
    webhooks: z.object({ stored: z.int(), duplicate: z.int(), refused: z.int() }),
  })
  .meta({ id: 'Health' });

const readinessSchema = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.record(z.string(), z.enum(['ok', 'failed'])),
  })
  .meta({ id: 'Readiness' });

/** Liveness says that the process answers; readiness, that what it depends on does. */
export function healthRoutes(counts: WebhookCounts): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/healthz',
      operationId: 'health',
      summary: 'The process is alive',
      access: 'public',
      responses: { 200: { description: 'Alive.', schema: healthSchema } },
      run: async () => ({ status: 200, body: { status: 'ok', webhooks: { ...counts } } }),
    },
    {
      method: 'get',
      path: '/readyz',
      operationId: 'readiness',
      summary: 'The process can serve: Postgres and Temporal answer',
      access: 'public',
      responses: {
        200: { description: 'Ready.', schema: readinessSchema },
        503: { description: 'Not ready.', schema: readinessSchema },
      },
      run: (_call, services) => readiness(services),
    },
  ];
}

async function readiness({ readiness: checks }: Services): Promise<Reply> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const passed = check().then(
        () => true,
        () => false,
      );
      return [name, (await within(passed, CHECK_MS)) === true ? 'ok' : 'failed'] as const;
    }),
  );
  const ready = results.every(([, result]) => result === 'ok');
  return {
    status: ready ? 200 : 503,
    body: { status: ready ? 'ready' : 'not_ready', checks: Object.fromEntries(results) },
  };
}
