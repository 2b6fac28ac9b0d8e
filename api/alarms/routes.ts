import { z } from 'zod';
import type { StoredAlarm, Watch } from '../../db/read/index.ts';
import { alarmByName, duration, WORKERS_ABSENT, workersAbsent } from '../../domain/alarms/index.ts';
import { adminOf } from '../admin/order.ts';
import { answerOnce } from '../once.ts';
import { reasonSchema } from '../operator/schema.ts';
import { problem } from '../problems.ts';
import { operatorRoute, type Route } from '../route.ts';
import { listSchema } from '../schema.ts';

/** What somebody should know of now. Workers judge it; that no worker is left to judge, this says itself. */
const MOST = 200;
const DAY_MS = 86_400_000;

const alarmSchema = z
  .object({
    object: z.literal('alarm'),
    name: z.string().meta({ description: 'As in Prometheus and in docs/observability.md.' }),
    subject: z.string().nullable().meta({ description: 'An account, a queue, a kind; null: everything.' }),
    severity: z.enum(['page', 'ticket']),
    detail: z.string().meta({ description: 'What was seen when it was last looked at.' }),
    means: z.string().meta({ description: 'What it means for payments, payers or money.' }),
    runbook: z.string().nullable().meta({ description: 'The page that says what to do.' }),
    since: z.iso.datetime(),
    fired_at: z.iso.datetime(),
    resolved_at: z.iso.datetime().nullable(),
    stays: z.boolean().meta({ description: 'It does not end by itself: a person clears it.' }),
  })
  .meta({ id: 'Alarm' });

const clearSchema = z
  .strictObject({
    name: z.string().min(1).max(100),
    subject: z.string().max(300).nullable().default(null).meta({ description: 'As the alarm has it.' }),
    reason: reasonSchema,
  })
  .meta({ id: 'ClearAlarm' });

const clearedSchema = z
  .object({ object: z.literal('cleared_alarm'), name: z.string(), subject: z.string().nullable() })
  .meta({ id: 'ClearedAlarm' });

const querySchema = z.strictObject({
  past: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .meta({ description: 'Also those of the last seven days that are over.' }),
});

const list = operatorRoute({
  method: 'get',
  path: '/v1/operator/alarms',
  operationId: 'listAlarms',
  summary: 'What fires now, the most urgent first',
  permission: 'view',
  query: querySchema,
  responses: { 200: { description: 'At most 200.', schema: listSchema(alarmSchema) } },
  async handle(call, { alarms }) {
    const { past = false } = call.query;
    const since = new Date(call.receivedAtMs - 7 * DAY_MS);
    const [stored, watch] = await Promise.all([
      alarms.list({ limit: MOST, ...(past ? { since } : {}) }),
      alarms.watch(),
    ]);
    const data = [...absence(watch, call.receivedAtMs), ...stored].map(render);
    return {
      status: 200,
      body: { object: 'list', data, has_more: stored.length === MOST, url: '/v1/operator/alarms' },
    };
  },
});

const clear = operatorRoute({
  method: 'post',
  path: '/v1/operator/alarms/clear',
  operationId: 'clearAlarm',
  summary: 'End an alarm that does not end by itself, once the damage has been dealt with',
  permission: 'act',
  idempotent: true,
  body: clearSchema,
  responses: {
    200: { description: 'Cleared; it fires again where the damage is seen again.', schema: clearedSchema },
  },
  handle(call, services) {
    const { name, subject } = call.body;
    if (alarmByName(name)?.stays !== true)
      throw problem('parameter_invalid', {
        param: 'name',
        message: 'Only an alarm that stays is cleared by a person; the others end by themselves.',
      });
    return answerOnce(call, services, (request) =>
      services.administration.alarms.clear(
        adminOf(call),
        request,
        { name, subject: subject ?? '' },
        { status: 200, body: { object: 'cleared_alarm', name, subject } },
      ),
    );
  },
});

function absence({ lookSeconds }: Watch, nowMs: number): readonly StoredAlarm[] {
  if (!workersAbsent(lookSeconds)) return [];
  const at = new Date(nowMs - (lookSeconds ?? 0) * 1_000);
  const detail =
    lookSeconds === undefined
      ? 'no worker has looked yet'
      : `no worker has looked for ${duration(lookSeconds)}`;
  return [{ name: WORKERS_ABSENT, subject: '', severity: 'page', detail, since: at, firedAt: at }];
}

function render({ name, subject, severity, detail, since, firedAt, resolvedAt }: StoredAlarm) {
  const known = alarmByName(name);
  return {
    object: 'alarm',
    name,
    subject: subject === '' ? null : subject,
    severity,
    detail,
    means: known?.means ?? 'This release does not know it any more.',
    runbook: known === undefined ? null : `docs/runbooks/${known.runbook}.md`,
    since: since.toISOString(),
    fired_at: firedAt.toISOString(),
    resolved_at: resolvedAt?.toISOString() ?? null,
    stays: known?.stays ?? false,
  };
}

export const alarmRoutes: readonly Route[] = [list, clear];
