import { z } from 'zod';

/** The API's answers, in words. Only what is said here is read; the API sends more. */
const failureSchema = z.object({ code: z.string(), message: z.string() }).nullable();
const exceptionSchema = z.object({
  kind: z.string(),
  subject: z.string(),
  payment: z.string().nullable(),
  summary: z.string(),
  opened_at: z.string(),
});
const resolutionSchema = z.object({
  id: z.string(),
  subject: z.string(),
  operation: z.string().nullable(),
  outcome: z.string(),
  evidence: z.string(),
  status: z.string(),
  proposed_by: z.string(),
  approved_by: z.string().nullable(),
});
const operationSchema = z.object({
  id: z.string(),
  kind: z.string(),
  status: z.string(),
  amount: z.number(),
  sends: z.number(),
  first_sent_at: z.string().nullable(),
  closed: z.boolean(),
});
const paymentSchema = z.object({
  id: z.string(),
  object: z.literal('payment'),
  status: z.string(),
  amount: z.number(),
  currency: z.string(),
  amount_captured: z.number(),
  amount_refunded: z.number(),
  cancellation_reason: z.string().nullable(),
  failure: failureSchema,
});
const refundSchema = z.object({
  id: z.string(),
  object: z.literal('refund'),
  payment: z.string(),
  status: z.string(),
  amount: z.number(),
  currency: z.string(),
  provider: z.string(),
  failure: failureSchema,
});
const subjectSchema = z.discriminatedUnion('object', [paymentSchema, refundSchema]);
const aboutSchema = z.object({
  merchant: z.string(),
  operations: z.array(operationSchema),
  exceptions: z.array(exceptionSchema),
  resolutions: z.array(resolutionSchema),
});
const listSchema = z.object({ data: z.array(exceptionSchema), has_more: z.boolean() });

type Resolution = z.infer<typeof resolutionSchema>;
export type Operation = z.infer<typeof operationSchema>;

export function operationsIn(body: unknown): readonly Operation[] {
  return aboutSchema.parse(body).operations;
}

/** One payment or refund as it stands, in one or two lines. */
export function sayStanding(body: unknown): string {
  const subject = subjectSchema.parse(body);
  const { id, status, amount, currency, failure } = subject;
  const money =
    subject.object === 'refund'
      ? `${amount} ${currency} of ${subject.payment}, at ${subject.provider}`
      : `${amount} ${currency}, captured ${subject.amount_captured}, refunded ${subject.amount_refunded}`;
  const why = subject.object === 'payment' ? subject.cancellation_reason : null;
  const lines = [`${id} is ${status}${why === null ? '' : ` (${why})`}: ${money} (minor units)`];
  if (failure !== null) lines.push(`  ${failure.code}: ${failure.message}`);
  return lines.join('\n');
}

/** What came of a command. 202: Temporal has it, and its outcome is not known yet. */
export function sayCommanded(what: string, httpStatus: number, body: unknown): string {
  const done = httpStatus === 202 ? `${what}: accepted, its outcome is not known yet` : `${what}: done`;
  return `${done}\n${sayStanding(body)}`;
}

export function sayEverything(body: unknown): string {
  const { merchant, operations, exceptions, resolutions } = aboutSchema.parse(body);
  return [
    sayStanding(body),
    `  merchant ${merchant}`,
    ...titled('Operations', operations.map(sayOperation)),
    ...titled(
      'Open exceptions',
      exceptions.map((each) => `${each.kind}: ${each.summary} (${each.subject})`),
    ),
    ...titled('Resolutions', resolutions.map(sayResolutionLine)),
  ].join('\n');
}

export function sayOperation({ id, kind, status, amount, sends, first_sent_at, closed }: Operation): string {
  const sent =
    first_sent_at === null ? 'not sent' : `sent ${first_sent_at}${sends > 1 ? `, ${sends} times` : ''}`;
  return `${id}  ${kind} ${amount}  ${status}${closed ? '' : ' (open)'}  ${sent}`;
}

function sayResolutionLine({ id, operation, outcome, status, proposed_by, approved_by }: Resolution): string {
  const by = approved_by === null ? proposed_by : `${proposed_by} and ${approved_by}`;
  return `${id}  ${operation ?? 'the refund itself'} ${outcome}  ${status} by ${by}`;
}

export function sayProposed(body: unknown): string {
  const { id, operation, subject, outcome, proposed_by } = resolutionSchema.parse(body);
  return [
    `${id}: ${proposed_by} says that ${operation ?? subject} ${sayOutcome(outcome)}. Nothing has changed yet.`,
    `Another operator approves it with: ./interlock operator approve ${id} --reason '...'`,
  ].join('\n');
}

export function sayApproved(body: unknown): string {
  const { id, operation, subject, outcome, proposed_by, approved_by } = resolutionSchema.parse(body);
  return `${id} is carried out: ${operation ?? subject} ${sayOutcome(outcome)}, by ${proposed_by} and ${approved_by}.`;
}

const SUCCESSES = new Set(['authorized', 'captured', 'voided', 'refunded', 'refunded_by_hand']);

function sayOutcome(outcome: string): string {
  return SUCCESSES.has(outcome) ? `succeeded (${outcome})` : `was not executed (${outcome})`;
}

export function sayExceptions(body: unknown): string {
  const { data, has_more } = listSchema.parse(body);
  if (data.length === 0) return 'Nothing needs a person.';
  const lines = data.flatMap(({ opened_at, kind, subject, payment, summary }) => [
    `${opened_at}  ${kind}  ${payment ?? subject}`,
    `  ${summary}${payment === null || payment === subject ? '' : ` (${subject})`}`,
  ]);
  return [...lines, ...(has_more ? ['There are more; these are the oldest.'] : [])].join('\n');
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}
