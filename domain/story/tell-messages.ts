import { inboxDetails } from './details.ts';
import type { Told } from './entry.ts';
import type {
  DeliveryRow,
  EventRow,
  InboxRow,
  OperatorRefusalRow,
  RequestNoteRow,
  RequestRow,
  ResolutionRow,
  ReturnRefusalRow,
  StoryContext,
} from './rows.ts';
import { actorWords, clockOf, instantOf, instantOrNull, providerName, spaced } from './words.ts';

/** Who said what to us, and what we told others: requests, webhooks in and out, and what people did. */
const ASKED: readonly (readonly [RegExp, string])[] = [
  [/^POST \/v1\/payments$/, 'the payment'],
  [/\/confirm$/, 'the payment to be confirmed'],
  [/\/capture$/, 'a capture'],
  [/\/void$/, 'a void'],
  [/\/refunds$/, 'a refund'],
  [/\/cancel$/, 'a cancellation'],
  [/\/retry$/, 'a retry now'],
  [/\/move$/, 'the payment to go on at another provider'],
  [/\/release$/, 'the payment to be released from review'],
  [/\/resolutions$/, 'a resolution, with evidence'],
  [/\/approve$/, 'a resolution to be carried out'],
];

/** What a POST to that path asks for. */
function askedFor(path: string): string {
  return ASKED.find(([pattern]) => pattern.test(path))?.[1] ?? path;
}

function isOperatorPath(path: string): boolean {
  return /^(?:POST )?\/v1\/operator\//.test(path);
}

function refundOf(id: string): Pick<Told, 'refundId'> {
  return id.startsWith('ref_') ? { refundId: id } : {};
}

export function tellRequest(row: RequestRow, { people }: StoryContext): Told[] {
  const byPerson = isOperatorPath(row.path);
  const who = byPerson ? actorWords(`operator:${row.ownerId}`, people) : 'The merchant';
  const refused =
    row.refusal === undefined
      ? ''
      : `, and was refused: ${row.refusal.message} (${spaced(row.refusal.code)})`;
  return [
    {
      atMs: row.atMs,
      topic: byPerson ? 'operator' : 'request',
      title: `${who} asked for ${askedFor(row.path)}${refused}`,
      severity: row.refusal === undefined ? 'info' : 'warning',
      actor: byPerson ? `operator:${row.ownerId}` : 'merchant',
      ...refundOf(row.subjectId),
      details: {
        request: row.id,
        path: row.path,
        idempotency_key: row.idempotencyKey,
        answered_at: instantOrNull(row.answeredAtMs),
        refusal: row.refusal ?? null,
      },
    },
  ];
}

/**
 * What was asked in vain, or twice: it changed nothing, and explains what the asker saw. `isOwnRetry`: the workflow began anew
 * while the request waited, so the API asked it again; nobody submitted twice.
 */
export function tellRequestNote(row: RequestNoteRow & { readonly isOwnRetry?: boolean }): Told[] {
  if (row.isOwnRetry === true) {
    return [
      {
        atMs: row.atMs,
        topic: 'request',
        title: `The workflow began anew while the request for ${askedFor(row.path)} waited. It was asked again, and gave the answer that it had stored`,
        technical: true,
        actor: 'interlock',
        details: { path: row.path, last_request_id: row.requestId },
      },
    ];
  }
  const byPerson = isOperatorPath(row.path);
  const often = row.times === 1 ? '' : `, ${row.times} times, last at ${clockOf(row.lastAtMs)}`;
  return [
    {
      atMs: row.atMs,
      topic: byPerson ? 'operator' : 'request',
      title: noteTitle(row, often),
      severity: row.code === 'replayed' ? 'info' : 'warning',
      actor: byPerson ? 'operator' : 'merchant',
      details: {
        path: row.path,
        code: row.code,
        status: row.status,
        message: row.detail,
        times: row.times,
        last_at: instantOf(row.lastAtMs),
        last_request_id: row.requestId,
      },
    },
  ];
}

function noteTitle({ path, code, detail, status }: RequestNoteRow, often: string): string {
  const what = askedFor(path);
  switch (code) {
    case 'replayed':
      return `Double submit: the same request for ${what} came again under the same Idempotency-Key${often}. It got the first answer again, and nothing was done twice`;
    case 'idempotency_key_reused':
      return `Refused: the Idempotency-Key of an earlier request for ${what} came again with another body${often} (${status})`;
    case 'duplicate_reference':
      return `Double submit: a second payment for the same order reference was refused${often}. ${detail}`;
    default:
      return `Refused: a request for ${what}${often}, because ${detail} (${spaced(code)}, ${status})`;
  }
}

export function tellInbox(row: InboxRow): Told[] {
  const name = providerName(row.provider);
  const read = row.acknowledgedAtMs === undefined ? ', which the workflow has not read yet' : '';
  return [
    {
      atMs: row.atMs,
      topic: 'webhook_in',
      title: `${name} sent a webhook: ${row.eventType}${read}`,
      severity: row.acknowledgedAtMs === undefined ? 'warning' : 'info',
      actor: row.provider,
      details: { webhook: row.id, ...inboxDetails(row) },
    },
  ];
}

export function tellReturnRefusal(row: ReturnRefusalRow): Told[] {
  return [
    {
      atMs: row.atMs,
      topic: 'authentication',
      title: `A browser came back with what is not this payment's, and was refused: ${row.detail} (${spaced(row.code)})`,
      severity: 'warning',
      actor: 'a browser',
      details: { code: row.code, message: row.detail },
    },
  ];
}

export function tellEvent(row: EventRow): Told[] {
  return [
    {
      atMs: row.atMs,
      topic: 'webhook_out',
      title: `Event for the merchant: ${row.type}`,
      technical: true,
      actor: 'interlock',
      ...refundOf(row.ownerId),
      links: [{ type: 'event', id: row.id }],
      details: { event: row.id, type: row.type, number: row.eventSequence },
    },
  ];
}

/** The latest word on one event for one endpoint. Of deliveries that went well nobody needs to read. */
export function tellDelivery(row: DeliveryRow): Told[] {
  const { status, attempts, eventType, endpoint } = row;
  const answer =
    row.lastStatusCode === undefined ? (row.lastError ?? 'no answer') : `HTTP ${row.lastStatusCode}`;
  const tries = `${attempts} ${attempts === 1 ? 'try' : 'tries'}`;
  const next = row.nextAttemptAtMs === undefined ? '' : `, next try at ${clockOf(row.nextAttemptAtMs)}`;
  const title =
    status === 'delivered'
      ? `Webhook ${eventType} delivered to ${endpoint} after ${tries}`
      : status === 'dead'
        ? `Webhook ${eventType} never reached the merchant: given up after ${tries} at ${endpoint} (last: ${answer}). It is a dead letter until somebody sends it again`
        : attempts === 0
          ? `Webhook ${eventType} waits to be sent to ${endpoint}${next}`
          : `Webhook ${eventType} not delivered yet to ${endpoint} after ${tries} (last: ${answer})${next}`;
  return [
    {
      atMs: row.deliveredAtMs ?? row.lastAttemptAtMs ?? row.atMs,
      topic: 'webhook_out',
      title,
      severity:
        status === 'dead' ? 'bad' : status === 'delivered' ? 'good' : attempts > 0 ? 'warning' : 'info',
      technical: status === 'delivered' && attempts <= 1,
      actor: 'interlock',
      links: [
        { type: 'event', id: row.eventId },
        { type: 'endpoint', id: row.endpointId },
      ],
      details: {
        event: row.eventId,
        endpoint: row.endpointId,
        status,
        attempts,
        last_status_code: row.lastStatusCode ?? null,
        last_error: row.lastError ?? null,
        next_attempt_at: instantOrNull(row.nextAttemptAtMs),
      },
    },
  ];
}

export function tellResolution(row: ResolutionRow, { people }: StoryContext): Told[] {
  const said =
    row.outcome === 'rejected' || row.outcome === 'not_attempted' ? 'was not carried out' : 'went through';
  const what = row.operationId ?? 'the refund';
  const base = {
    topic: 'operator',
    ...refundOf(row.ownerId),
    details: {
      resolution: row.id,
      operation: row.operationId ?? null,
      outcome: row.outcome,
      evidence: row.evidence,
      reason: row.reason,
      status: row.status,
    },
  } as const;
  const proposed: Told = {
    ...base,
    moment: 'proposed',
    atMs: row.atMs,
    title: `${actorWords(row.proposedBy, people)} says that ${what} ${said}: ${row.reason} (evidence: ${row.evidence})${row.status === 'proposed' ? '. A second person must approve' : ''}`,
    severity: row.status === 'proposed' ? 'warning' : 'info',
    actor: `operator:${row.proposedBy}`,
  };
  if (row.approvedAtMs === undefined || row.approvedBy === undefined) return [proposed];
  return [
    proposed,
    {
      ...base,
      moment: 'approved',
      atMs: row.approvedAtMs,
      title: `${actorWords(row.approvedBy, people)} approved that ${what} ${said}: carried out`,
      severity: 'good',
      actor: `operator:${row.approvedBy}`,
    },
  ];
}

export function tellOperatorRefusal(row: OperatorRefusalRow, { people }: StoryContext): Told[] {
  const who =
    row.operatorId === undefined
      ? 'Somebody without a key'
      : actorWords(`operator:${row.operatorId}`, people);
  return [
    {
      atMs: row.atMs,
      topic: 'operator',
      title: `${who} asked for ${askedFor(row.path)}, and was refused: ${row.detail} (${spaced(row.code)})`,
      severity: 'warning',
      actor: row.operatorId === undefined ? 'stranger' : `operator:${row.operatorId}`,
      details: {
        path: row.path,
        status: row.status,
        code: row.code,
        message: row.detail,
        request_id: row.requestId,
      },
    },
  ];
}
