import { isStoredRouting } from '../routing/again.ts';
import { attemptDetails, auditDetails, closingDetails, permitDetails } from './details.ts';
import type { Told } from './entry.ts';
import type {
  AttemptRow,
  AuditRow,
  DecisionRow,
  ObservationRow,
  OperationRow,
  StoryContext,
} from './rows.ts';
import {
  actorWords,
  askedWords,
  capital,
  clockOf,
  nounOf,
  outcomeWords,
  providerName,
  spaced,
  unknownWords,
} from './words.ts';

/** Where the payment went, what was sent there, what came of it, and how the payment stood after each step. */
export function tellDecision(row: DecisionRow, { paymentId }: StoryContext): Told[] {
  const later = row.id !== paymentId;
  const { document } = row;
  const known = isStoredRouting(document);
  const order = known ? document.order : [];
  const because = known ? document.explanation.because : 'decided before decisions were kept whole';
  const where = order.length === 0 ? 'to nobody' : order.join(', then ');
  return [
    {
      atMs: row.atMs,
      topic: 'decision',
      title: `${later ? 'Routed anew' : 'Routed'} ${order.length === 0 ? where : `to ${where}`}: ${because}`,
      severity: known && order.length === 0 ? 'bad' : 'info',
      actor: 'routing policy',
      details: { explanation: document, ...(later ? { attempt: row.id } : {}) },
    },
  ];
}

export function tellAttempt(row: AttemptRow): Told[] {
  const name = providerName(row.provider);
  return [
    {
      atMs: row.atMs,
      topic: 'attempt',
      title: row.number === 1 ? `First attempt: ${name}` : `Attempt ${row.number}: went on at ${name}`,
      severity: 'info',
      actor: 'interlock',
      links: [{ type: 'account', id: row.accountId }],
      details: { attempt: row.id, ...attemptDetails(row) },
    },
    ...tellAuthentication(row),
  ];
}

type Authenticated = NonNullable<AttemptRow['authentication']>;

const ENDED: Readonly<Record<string, { readonly words: string; readonly severity: Told['severity'] }>> = {
  frictionless: { words: 'authenticated without the payer having to act', severity: 'good' },
  exempted: { words: 'no authentication was needed: the issuer granted an exemption', severity: 'info' },
  not_performed: { words: 'no authentication took place', severity: 'info' },
  challenged: { words: 'the payer authenticated', severity: 'good' },
  completed_without_return: {
    words: 'the payer authenticated, and their browser never came back',
    severity: 'good',
  },
  failed: { words: 'the payer failed to authenticate', severity: 'bad' },
  rejected: { words: 'the issuer rejected the authentication', severity: 'bad' },
  timed_out: { words: "the payer's time at the issuer ran out", severity: 'bad' },
  abandoned: { words: 'the payer abandoned the authentication: nothing was charged', severity: 'bad' },
};

/** One record, three moments. An authentication without a time of its own stands in the attempt's outcome. */
function tellAuthentication({ provider, authentication, id }: AttemptRow): Told[] {
  if (authentication === undefined) return [];
  const { challengedAtMs, returnedAtMs, endedAtMs, challengeEndsAtMs, status, facts } = authentication;
  const details = { attempt: id, ...authenticationDetails(authentication) };
  const told: Told[] = [];
  const say = (moment: string, atMs: number | undefined, title: string, severity: Told['severity']) => {
    if (atMs === undefined) return;
    told.push({
      moment,
      atMs,
      topic: 'authentication',
      title,
      ...(severity === undefined ? {} : { severity }),
      actor: moment === 'returned' ? 'payer' : provider,
      details,
    });
  };
  const until = challengeEndsAtMs === undefined ? '' : `, until ${clockOf(challengeEndsAtMs)}`;
  say(
    'challenged',
    challengedAtMs,
    `3-D Secure: the payer was asked to authenticate at their bank${until}`,
    'info',
  );
  say('returned', returnedAtMs, "3-D Secure: the payer's browser came back", 'info');
  const ended = ENDED[status];
  const eci = facts.eci === undefined ? '' : ` (ECI ${facts.eci})`;
  if (ended !== undefined) say('ended', endedAtMs, `3-D Secure: ${ended.words}${eci}`, ended.severity);
  return told;
}

function authenticationDetails({ status, asked, reasons, facts }: Authenticated): Record<string, unknown> {
  return {
    status,
    request: asked.request,
    exemption_requested: asked.exemption ?? null,
    reasons: [...reasons],
    trans_status: facts.transStatus ?? null,
    eci: facts.eci ?? null,
    liability_shift: facts.liabilityShift ?? null,
  };
}

/** A permit's life is the heart of what an operator asks: made, claimed, claimed again, taken back, closed. */
export function tellOperation(row: OperationRow, { paymentId }: StoryContext): Told[] {
  const { provider, kind, amountMinor, currency } = row;
  const name = providerName(provider);
  const topic = kind === 'refund' && row.ownerId !== paymentId ? 'refund' : 'attempt';
  const what = askedWords(kind, amountMinor, currency);
  const base = {
    topic,
    ...(row.ownerId === paymentId ? {} : { refundId: row.ownerId }),
  } as const;
  const facts = { operation: row.id, attempt: row.attemptId, kind, number: row.number, provider };
  const told: Told[] = [
    {
      ...base,
      moment: 'created',
      atMs: row.atMs,
      title: `Permit made to ask ${name} to ${what}`,
      technical: true,
      actor: 'interlock',
      details: { ...facts, ...permitDetails(row) },
    },
  ];
  if (row.firstSentAtMs !== undefined) {
    told.push({
      ...base,
      moment: 'sent',
      atMs: row.firstSentAtMs,
      title: `Asked ${name} to ${what}`,
      actor: 'interlock',
      details: facts,
    });
  }
  if (row.lastSentAtMs !== undefined && row.lastSentAtMs !== row.firstSentAtMs) {
    told.push({
      ...base,
      moment: 'resent',
      atMs: row.lastSentAtMs,
      title: `Asked ${name} once more under the same key (sent ${row.sends} times in all): it cannot charge twice`,
      actor: 'resolver',
      details: { ...facts, sends: row.sends },
    });
  }
  if (row.revokedAtMs !== undefined) {
    told.push({
      ...base,
      moment: 'revoked',
      atMs: row.revokedAtMs,
      title: `The permit to ask ${name} was taken back unused: proof that nothing was sent`,
      technical: true,
      actor: 'interlock',
      details: facts,
    });
  }
  return [...told, ...tellClosing(row, base, facts)];
}

function tellClosing(row: OperationRow, base: Pick<Told, 'topic' | 'refundId'>, facts: object): Told[] {
  const { closedAtMs, outcome, provider, kind, status } = row;
  if (closedAtMs === undefined) return [];
  const title =
    outcome === undefined
      ? `The ${nounOf(kind)} at ${providerName(provider)} ended: ${spaced(status)}`
      : outcomeWords(provider, kind, outcome);
  return [
    {
      ...base,
      moment: 'closed',
      atMs: closedAtMs,
      title,
      severity: status === 'succeeded' ? 'good' : status === 'declined' ? 'warning' : 'info',
      actor: provider,
      details: { ...facts, ...closingDetails(row) },
    },
  ];
}

/** What was seen, when it was seen. `permit`: somebody wanted to send what had been sent before. */
export function tellObservation(row: ObservationRow, { paymentId }: StoryContext): Told[] {
  const { provider, kind, outcome, source } = row;
  const lost = outcome.type === 'unknown';
  const again = lost && outcome.cause === 'already_sent';
  const name = providerName(provider);
  const title = again
    ? `The workflow ran again (a reset, or a lost worker) and wanted to send the ${nounOf(kind)} to ${name}: its permit was used already, so nothing was sent twice`
    : lost
      ? `Outcome unknown: ${name}'s answer to the ${nounOf(kind)} was lost (${unknownWords(outcome.cause)}). ${name} will be asked until it is proven`
      : `${source === 'inquiry' ? `Asked what became of it: ` : 'Seen: '}${outcomeWords(provider, kind, outcome)}`;
  return [
    {
      atMs: row.atMs,
      topic: row.ownerId === paymentId ? 'attempt' : 'refund',
      title,
      severity: lost ? 'warning' : 'info',
      technical: !lost && source !== 'inquiry',
      actor: source === 'inquiry' ? 'resolver' : provider,
      ...(row.ownerId === paymentId ? {} : { refundId: row.ownerId }),
      details: { operation: row.operationId, source, generation: row.generation, outcome },
    },
  ];
}

/** `takesOver`: the step is the first one that its owner's next workflow wrote. */
export function tellAudit(row: AuditRow & { readonly takesOver: boolean }, context: StoryContext): Told[] {
  const { fromStatus, toStatus, reason, actor, takesOver } = row;
  const refund = row.ownerId !== context.paymentId;
  const moved = fromStatus !== toStatus;
  const who = actorWords(actor, context.people);
  const subject = refund ? 'Refund ' : '';
  const stands = moved ? `${subject}${spaced(toStatus)}: ${reason}` : `${subject}${reason}`;
  const title = takesOver
    ? `A new workflow took over (generation ${row.generation}), because the one before was gone. ${capital(stands)}`
    : capital(stands);
  const byPerson = actor.startsWith('operator:');
  return [
    {
      atMs: row.atMs,
      topic: byPerson ? 'operator' : 'status',
      title: byPerson ? named(title, actor, who) : title,
      severity: takesOver ? 'warning' : (STATUS_SEVERITY[moved ? toStatus : ''] ?? 'info'),
      technical: !moved && !byPerson && !takesOver,
      actor,
      ...(refund ? { refundId: row.ownerId } : {}),
      details: auditDetails(row),
    },
  ];
}

/** Reasons name people by their ids, which never change; readers want names. */
function named(title: string, actor: string, who: string): string {
  return title.replaceAll(actor.slice('operator:'.length), who);
}

const STATUS_SEVERITY: Readonly<Record<string, Told['severity']>> = {
  succeeded: 'good',
  failed: 'bad',
  expired: 'warning',
  canceled: 'warning',
  requires_review: 'bad',
};
