import { z } from 'zod';
import type { GroupKey } from '../../db/read/index.ts';
import type { Grain } from '../../domain/figures/periods.ts';

/** How the API speaks of what figures are told apart by. */
export const GROUPS = {
  merchant: 'merchant_id',
  account: 'account_id',
  provider: 'provider',
  country: 'issuer_country',
  brand: 'brand',
  currency: 'currency',
  method: 'method',
  reason: 'reason',
} as const satisfies Readonly<Record<string, GroupKey>>;
export type GroupName = keyof typeof GROUPS;
export const GROUP_NAMES = Object.keys(GROUPS) as [GroupName, ...GroupName[]];

const DAY_MS = 86_400_000;
/** So many hours or days may a question have rows for: a longer one is a question for longer periods. */
const LONGEST_DAYS: Readonly<Record<Grain, number>> = { hour: 14, day: 200, week: 800 };
const LONGEST_MS = 800 * DAY_MS;
/** Where nothing is said: the last thirty days. */
const USUAL_MS = 30 * DAY_MS;

const text = z.string().max(100);

/** ISO 8601; whole hours count, the first and the last included. */
const instant = z.iso.datetime({ offset: true });

export const whoseSchema = z.strictObject({
  mode: z.enum(['test', 'live']).default('live'),
  merchant: text.optional().meta({ description: 'One merchant; absent: all.' }),
});

export const figuresQuerySchema = z
  .strictObject({
    ...whoseSchema.shape,
    from: instant.optional().meta({ description: 'Payments made since; absent: the last 30 days.' }),
    to: instant.optional().meta({ description: 'Payments made before; absent: now.' }),
    bucket: z
      .enum(['hour', 'day', 'week'])
      .optional()
      .meta({ description: 'Rows of each, in UTC; absent: of the whole period.' }),
    by: z
      .string()
      .max(60)
      .optional()
      .transform((list) => (list === undefined || list === '' ? [] : list.split(',')))
      .pipe(z.array(z.enum(GROUP_NAMES)).max(3, 'at most three'))
      .refine((names) => new Set(names).size === names.length, 'each once')
      .meta({ type: 'string', description: `Up to three of ${GROUP_NAMES.join(', ')}, with a comma.` }),
    account: text.optional(),
    provider: text.optional(),
    country: text
      .optional()
      .meta({ description: "Of the card's issuer, ISO 3166-1 alpha-2; empty: unknown." }),
    brand: text.optional(),
    currency: text.optional(),
    method: text.optional(),
    reason: text.optional().meta({ description: 'Of declines.' }),
  })
  .meta({ id: 'FiguresQuery' });
export type FiguresQuery = z.output<typeof figuresQuerySchema>;

export interface Period {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Undefined where it is none, or longer than its buckets allow. */
export function periodOf(
  { from, to, bucket }: Pick<FiguresQuery, 'from' | 'to' | 'bucket'>,
  nowMs: number,
): Period | string {
  const untilMs = to === undefined ? nowMs : Date.parse(to);
  const fromMs = from === undefined ? untilMs - USUAL_MS : Date.parse(from);
  if (fromMs >= untilMs) return 'from must be before to';
  const longestMs = bucket === undefined ? LONGEST_MS : LONGEST_DAYS[bucket] * DAY_MS;
  if (untilMs - fromMs > longestMs)
    return `at most ${longestMs / DAY_MS} days${bucket === undefined ? '' : ` by the ${bucket}`}`;
  return { fromMs, untilMs };
}

export const rowSchema = z.object({
  at: z.iso.datetime().nullable().meta({ description: 'When the bucket begins; null: the whole period.' }),
  group: z.partialRecord(z.enum(GROUP_NAMES), z.string()).meta({
    description: "What the row is of. '' is unknown, or none: a payment that no account was asked about.",
  }),
  sample: z.int().meta({ description: 'What its rates rest on. Fewer than 30 prove nothing.' }),
  figures: z.record(z.string(), z.union([z.int(), z.string(), z.null()])).meta({
    description:
      'Counts, rates in parts per million (`..._ppm`; null: of nothing), and amounts in minor units as strings (`..._minor`).',
  }),
});

export const figuresSchema = z
  .object({
    object: z.literal('figures'),
    report: z.string(),
    mode: z.enum(['test', 'live']),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    bucket: z.enum(['hour', 'day', 'week']).nullable(),
    group_by: z.array(z.enum(GROUP_NAMES)),
    complete_until: z.iso.datetime().nullable().meta({
      description:
        'What was recorded by then is in the figures; null: they are being computed for the first time.',
    }),
    columns: z.array(z.string()).meta({ description: 'Of `figures`, in their order.' }),
    data: z.array(rowSchema),
    has_more: z.boolean().meta({
      description:
        'There were more rows; the largest are here: over time, the largest groups with all of their times.',
    }),
  })
  .meta({ id: 'Figures' });

const ppm = z.int().nullable();
const milliseconds = z.number().nullable();

export const overviewSchema = z
  .object({
    object: z.literal('overview'),
    mode: z.enum(['test', 'live']),
    merchant: z.string().nullable(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    bucket: z.enum(['hour', 'day']).meta({ description: 'Of `over_time`.' }),
    freshness: z.object({
      complete_until: z.iso.datetime().nullable(),
      lag_seconds: z.int().nullable(),
      hours_waiting: z.int(),
    }),
    volume: z.array(
      z.object({
        currency: z.string(),
        payments: z.int(),
        payments_succeeded: z.int(),
        amount_minor: z.string(),
        captured_minor: z.string(),
        refunded_minor: z.string(),
      }),
    ),
    payments: z.object({
      payments: z.int(),
      payments_succeeded: z.int(),
      payments_failed: z.int(),
      failed_over: z.int(),
      recovered_by_failover: z.int(),
      retried: z.int(),
      recovered_by_retry: z.int(),
      answered: z.int(),
      approved: z.int(),
      approval_ppm: ppm,
    }),
    over_time: z.array(
      z.object({
        at: z.iso.datetime(),
        payments: z.int(),
        approved: z.int(),
        answered: z.int(),
        approval_ppm: ppm,
      }),
    ),
    providers: z.array(
      z.object({
        account: z.string(),
        merchant: z.string(),
        provider: z.string(),
        attempts: z.int(),
        answered: z.int(),
        approval_ppm: ppm,
        p50_ms: milliseconds,
        p95_ms: milliseconds,
        p99_ms: milliseconds,
        settlement_p50_hours: milliseconds,
        settlement_p95_hours: milliseconds,
        settled: z.int(),
        enabled: z.boolean(),
        circuit: z.string(),
        circuit_since: z.iso.datetime().nullable(),
        consecutive_failures: z.int(),
        now: z
          .object({ answered: z.int(), approval_ppm: ppm, unanswered: z.int(), p95_ms: milliseconds })
          .meta({ description: 'Of the minutes that routing judges health by.' }),
      }),
    ),
    unknown: z.object({
      count: z.int().meta({ description: 'Sent and not answered; at most 10,000 are counted.' }),
      oldest_at: z.iso.datetime().nullable(),
    }),
    exceptions: z.array(z.object({ age: z.string(), count: z.int(), overdue: z.int() })),
  })
  .meta({ id: 'Overview' });

export const overviewQuerySchema = z.strictObject({
  ...whoseSchema.shape,
  hours: z
    .string()
    .regex(/^(?:[1-9]|[1-9]\d|[1-6]\d\d|7[01]\d|720)$/, 'must be a number from 1 to 720')
    .default('24')
    .transform(Number)
    .meta({ type: 'integer', minimum: 1, maximum: 720, default: 24 }),
});
