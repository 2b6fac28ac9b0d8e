import { z } from 'zod';

/** The API's answers, in words. Only what is said here is read; the API sends more. */
const exceptionSchema = z.object({
  id: z.string(),
  kind: z.string(),
  summary: z.string(),
  status: z.string(),
  amount: z.number().nullable(),
  currency: z.string().nullable(),
  team: z.string(),
  severity: z.string(),
  owner: z.string().nullable(),
  opened_at: z.string(),
  due_at: z.string().nullable(),
  overdue: z.boolean(),
  escalations: z.number(),
  decision: z
    .object({ status: z.string(), disposition: z.string(), reason: z.string(), proposed_by: z.string() })
    .nullable(),
  proposed_disposition: z.string().nullable(),
  allowed_dispositions: z.array(z.string()),
  resolution: z.string().nullable(),
});
type Exception = z.output<typeof exceptionSchema>;
const listSchema = z.object({ data: z.array(exceptionSchema), has_more: z.boolean() });
const wholeSchema = exceptionSchema.extend({
  advice: z.string(),
  rows: z.record(z.string(), z.unknown()),
  entries: z.array(
    z.object({ actor: z.string(), action: z.string(), reason: z.string().nullable(), at: z.string() }),
  ),
});
const bulkSchema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      result: z.string(),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
  done: z.number(),
  refused: z.number(),
  unknown: z.number(),
  has_more: z.boolean(),
});
const figuresSchema = z.object({
  days: z.number(),
  open: z.array(z.object({ kind: z.string(), age: z.string(), count: z.number(), escalated: z.number() })),
  open_total: z.number(),
  overdue: z.number(),
  unowned: z.number(),
  opened: z.number(),
  auto_resolved: z.number(),
  auto_resolution_rate: z.number().nullable(),
  resolved_by_people: z.number(),
  explained: z.number(),
  sla_breaches: z.number(),
  settlement_lag: z.array(
    z.object({ account: z.string(), settled: z.number(), p50_hours: z.number(), p95_hours: z.number() }),
  ),
});

function sayStanding(each: Exception): string {
  const stake = each.amount === null ? '' : `  ${each.amount} ${each.currency ?? ''}`;
  const late = each.overdue && each.status !== 'resolved' ? '  OVERDUE' : '';
  return `${each.status}  ${each.severity}  ${each.owner ?? `nobody of ${each.team}`}${stake}${late}`;
}

export function sayList(body: unknown): string {
  const { data, has_more: more } = listSchema.parse(body);
  if (data.length === 0) return 'Nothing waits for a person.';
  const lines = data.map((each) => `${each.id}\n  ${sayStanding(each)}\n  ${each.summary}`);
  return [...lines, ...(more ? [`There are more: --after ${data.at(-1)?.id}`] : [])].join('\n');
}

export function sayOne(body: unknown): string {
  return sayException(exceptionSchema.parse(body)).join('\n');
}

function sayException(each: Exception): readonly string[] {
  const { decision, resolution } = each;
  const may = each.allowed_dispositions;
  return [
    each.id,
    `  ${sayStanding(each)}`,
    `  ${each.summary}`,
    `  opened ${each.opened_at}, due ${each.due_at ?? 'once its workflow has taken it'}, escalated ${each.escalations} times`,
    ...(decision?.status === 'proposed'
      ? [`  ${decision.proposed_by} proposes ${decision.disposition}: ${decision.reason}`]
      : []),
    ...(resolution === null ? [] : [`  resolved: ${resolution}`]),
    ...(each.status === 'open' && may.length > 0
      ? [`  may be ended by ${may.join(', ')} (proposed: ${each.proposed_disposition ?? 'none'})`]
      : []),
  ];
}

export function sayWhole(body: unknown): string {
  const whole = wholeSchema.parse(body);
  const sides = Object.entries(whole.rows).flatMap(([side, row]) => [`  ${side}: ${JSON.stringify(row)}`]);
  const entries = whole.entries.map(
    ({ at, actor, action, reason }) => `  ${at}  ${actor}  ${action}${reason === null ? '' : `: ${reason}`}`,
  );
  return [
    ...sayException(whole),
    `  ${whole.advice}`,
    ...(sides.length === 0 ? [] : ['Evidence:', ...sides]),
    'Entries:',
    ...entries,
  ].join('\n');
}

export interface SaidOfMany {
  readonly words: string;
  /** All of them are done. */
  readonly complete: boolean;
  /** Of some it is not known yet. */
  readonly unanswered: boolean;
}

export function sayBulk(body: unknown): SaidOfMany {
  const { data, done, refused, unknown, has_more: more } = bulkSchema.parse(body);
  const lines = data
    .filter(({ result }) => result !== 'done')
    .map(({ id, result, error }) => `${id}  ${result}: ${error?.message ?? ''} (${error?.code ?? ''})`);
  const summary = `${done} done, ${refused} refused, ${unknown} not known${more ? `; there are more: go on with --after ${data.at(-1)?.id}` : ''}`;
  return {
    words: [...lines, summary].join('\n'),
    complete: refused + unknown === 0,
    unanswered: unknown > 0,
  };
}

export function sayFigures(body: unknown): string {
  const figures = figuresSchema.parse(body);
  const rate = figures.auto_resolution_rate;
  return [
    `${figures.open_total} open, ${figures.overdue} overdue, ${figures.unowned} nobody's`,
    ...figures.open.map(
      ({ kind, age, count, escalated }) =>
        `  ${kind}  ${age}  ${count}${escalated > 0 ? ` (${escalated} escalated)` : ''}`,
    ),
    `Last ${figures.days} days: ${figures.opened} opened, ${figures.auto_resolved} resolved by themselves at once${
      rate === null ? '' : ` (${(rate * 100).toFixed(1)} %)`
    }, ${figures.explained} explained later, ${figures.resolved_by_people} by people, ${figures.sla_breaches} past their time`,
    ...figures.settlement_lag.map(
      ({ account, settled, p50_hours: p50, p95_hours: p95 }) =>
        `  ${account}: ${settled} settled, after ${p50.toFixed(1)} h in the middle and ${p95.toFixed(1)} h at the 95th percentile`,
    ),
  ].join('\n');
}
