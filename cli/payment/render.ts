import { isStoredRouting } from '../../domain/routing/again.ts';
import type { Dossier } from './load.ts';

type Attempt = Dossier['attempts'][number];
type Operation = Attempt['operations'][number];

/** A payment's dossier for people, the short answer first. */
export function renderDossier(dossier: Dossier): string {
  const {
    payment,
    workflow,
    routing,
    later_rounds,
    attempts,
    refunds,
    balance,
    ledger,
    audit,
    audit_problems,
    exceptions,
    webhooks,
  } = dossier;
  const money = (amount: bigint) => `${amount} ${payment.currency}`;
  const lines = [
    `${payment.id}  ${payment.status.toUpperCase()}  ${money(payment.amountMinor)} (minor units)`,
    field('workflow', `${workflow.id}${workflow.url === undefined ? '' : `\n             ${workflow.url}`}`),
    field('merchant', `${payment.merchantId} (${payment.mode})`),
    field('amounts', amounts(payment, balance)),
    field('created', `${time(payment.createdAt)}, sent by ${time(payment.completeBy)} at the latest`),
    ...optional(
      'expires',
      payment.authorizationExpiresAt === null ? null : time(payment.authorizationExpiresAt),
    ),
    ...optional('failure', payment.failure === null ? null : failure(payment.failure)),
    ...optional('canceled', payment.cancellationReason),
    ...optional('reference', payment.reference),
    ...section('Routing', [
      ...routingLines(routing),
      ...later_rounds.flatMap(({ attemptId, at, document }) => [
        `  ${time(at)}  routed anew for ${attemptId}`,
        ...routingLines(document),
      ]),
    ]),
    ...section('Attempts', attempts.flatMap(attemptLines)),
    ...section(
      'Refunds',
      refunds.map((row) =>
        `  ${row.id}  ${row.status}  ${money(row.amountMinor)}  at ${row.provider}  ${row.failure === null ? '' : failure(row.failure)}`.trimEnd(),
      ),
    ),
    ...section(
      'Postings (debit positive)',
      ledger.flatMap(({ sequence, kind, postings }) => [
        `  step ${sequence}  ${kind}`,
        ...postings.map(
          (each) => `    ${String(each.amountMinor).padStart(12)} ${each.currency}  ${each.account}`,
        ),
      ]),
    ),
    ...section(
      'Audit',
      audit.map(
        (row) =>
          `  ${row.ownerId === payment.id ? '' : 'refund '}${String(row.sequence).padStart(3)}  ${time(row.at)}  ${row.fromStatus ?? 'nothing'} → ${row.toStatus}: ${row.reason}  [${row.trigger} by ${row.actor}]  ${row.hash.slice(0, 8)}`,
      ),
    ),
    audit_problems.length === 0
      ? '  ✓ the hash chain is whole'
      : audit_problems.map((problem) => `  ✗ ${problem}`).join('\n'),
    ...section(
      'Webhooks',
      webhooks.map(
        (row) =>
          `  ${time(row.receivedAt)}  ${row.provider} ${row.eventType}  ${row.acknowledgedAt === null ? 'NOT acknowledged' : `acknowledged ${time(row.acknowledgedAt)}`}`,
      ),
    ),
    ...section(
      'Exceptions',
      exceptions.map(
        (row) =>
          `  ${row.closedAt === null ? 'OPEN' : `closed (${row.resolution ?? 'resolved'})`}  ${row.kind}: ${row.summary}`,
      ),
    ),
  ];
  return lines.join('\n');
}

/** Why it went where it went; `./interlock routing explain` has all the numbers. */
function routingLines(document: unknown): string[] {
  if (!isStoredRouting(document))
    return document === undefined ? [] : ['  decided before decisions were kept whole'];
  const { inputs, order, requirements, explanation } = document;
  const { rules, candidates } = explanation;
  return [
    `  ${order.join(', then ') || 'nobody could take it'}: ${explanation.because}`,
    `  policy version ${inputs.policyVersion}, rule "${explanation.chosenRule}" (${explanation.strategy}), ${rules.length} rules looked at`,
    ...(requirements.length === 0 ? [] : [`  requires ${requirements.join(', ')}`]),
    ...candidates
      .filter(({ because }) => because !== undefined)
      .map(({ accountId, verdict, because }) => `  ${accountId} is ${verdict}: ${because}`),
  ];
}

function attemptLines(attempt: Attempt): string[] {
  const marks = [attempt.watched ? 'watched until settlement' : '', attempt.undoing ? 'being undone' : ''];
  const notes = [
    attempt.providerReference ?? '',
    attempt.decline === null ? '' : failure(attempt.decline),
    ...marks,
  ];
  return [
    `  ${attempt.number}  ${attempt.provider} (${attempt.accountId}): ${attempt.status}  ${notes.filter(Boolean).join(', ')}`.trimEnd(),
    ...attempt.operations.flatMap(operationLines),
  ];
}

function operationLines(operation: Operation): string[] {
  const { id, kind, number, status, amountMinor, currency, cause } = operation;
  return [
    `     ${kind} ${number}: ${status}  ${amountMinor} ${currency}  ${id}  (because: ${cause})`,
    `       permit: ${permit(operation)}`,
  ];
}

/** What the permit's row proves: whether anything could ever have been sent, and until when it still can. */
function permit(operation: Operation): string {
  const { firstSentAt, lastSentAt, sends, revokedAt, closedAt, sendBy } = operation;
  const until = sendBy === null ? 'at any time' : `until ${time(sendBy)}`;
  const parts = [
    firstSentAt === null ? 'never claimed' : `claimed ${time(firstSentAt)}`,
    ...(lastSentAt !== null && sends > 1 ? [`sent ${sends} times, last ${time(lastSentAt)}`] : []),
    ...(revokedAt === null ? [] : [`revoked ${time(revokedAt)}: proven unsent`]),
    closedAt === null ? `open, may be sent first ${until}` : `closed ${time(closedAt)}`,
  ];
  return parts.join(', ');
}

function amounts(payment: Dossier['payment'], balance: Dossier['balance']): string {
  const { amountAuthorizedMinor, amountCapturedMinor } = payment;
  const amountRefundedMinor = (balance?.refundedMinor ?? 0n) + (balance?.externalRefundedMinor ?? 0n);
  return `authorized ${amountAuthorizedMinor}, captured ${amountCapturedMinor}, refunded ${amountRefundedMinor}`;
}

function failure(value: unknown): string {
  const { code, reason, message } = value as { code?: string; reason?: string; message?: string };
  return [reason ?? code, message].filter(Boolean).join(': ');
}

function field(name: string, value: string): string {
  return `  ${name.padEnd(10)} ${value}`;
}

function optional(name: string, value: string | null): string[] {
  return value === null || value === '' ? [] : [field(name, value)];
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title, ...(lines.length === 0 ? ['  none'] : lines)];
}

function time(at: Date): string {
  return at.toISOString();
}
