import type { Finding } from './finding.ts';
import type { AttemptRow, OperationRow, PaymentMethodRow, PaymentRow } from './rows.ts';
import type { View } from './view.ts';

/**
 * S1: sealed data that outlived its use. A verification code is gone once its authorization is resolved, or
 * when its time is up; the sealed parameters of an operation are gone once that is closed; where a payer had to go
 * is gone once the challenge has ended. Card numbers and the secrets of endpoints stand nowhere, but sealed; what a
 * browser brought back is kept without what gives access.
 */
export function checkSecrets(view: View): Finding[] {
  return [
    ...view.paymentMethods.flatMap((method) => keptCode(view, method)),
    ...view.operations.flatMap((operation) => keptParameters(view, operation)),
    ...[...view.attempts.values()].flatMap(keptWay),
    ...inTheOpen(view),
    ...keptAccess(view),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'S1', subject, what });

/** The sweeper shreds what has expired at its next round. */
const ROUND_MS = 60_000;

function overdue(view: View, expiresAtMs: number | undefined): boolean {
  const { quietAtMs, healedAtMs } = view.evidence;
  return expiresAtMs !== undefined && expiresAtMs + ROUND_MS < (quietAtMs ?? healedAtMs);
}

function keptCode(view: View, method: PaymentMethodRow): Finding[] {
  if (!method.hasCvc) return [];
  const resolved = [...view.payments.values()].find(
    (payment) => payment.paymentMethodId === method.id && isResolved(payment),
  );
  if (resolved !== undefined)
    return [found(method.id, `keeps its verification code, and ${resolved.id} is ${resolved.status}`)];
  return overdue(view, method.cvcExpiresAtMs)
    ? [found(method.id, 'keeps a verification code past its time')]
    : [];
}

const MAY_STILL_AUTHORIZE: ReadonlySet<string> = new Set([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_review',
]);

/** Nothing of it can be authorized any more. */
function isResolved({ status, authorizedMinor }: PaymentRow): boolean {
  if (status === 'processing' || status === 'requires_review') return authorizedMinor > 0n;
  return !MAY_STILL_AUTHORIZE.has(status);
}

function keptParameters(view: View, operation: OperationRow): Finding[] {
  const { id, hasSealedParameters, closedAtMs, parametersExpireAtMs } = operation;
  if (!hasSealedParameters) return [];
  if (closedAtMs !== undefined) return [found(id, 'keeps its sealed parameters after it was closed')];
  return overdue(view, parametersExpireAtMs)
    ? [found(id, 'keeps its sealed parameters past their time')]
    : [];
}

/** An authentication that waits for its payer; all the other words end it. */
const AWAITED: ReadonlySet<string> = new Set(['challenge_required']);

/** The issuer's page is for one browser and one challenge. */
function keptWay({ id, authentication }: AttemptRow): Finding[] {
  if (authentication?.redirectUrl === undefined || AWAITED.has(authentication.status ?? '')) return [];
  return [found(id, `is ${authentication.status} and keeps where its payer was sent`)];
}

/** Every cell of every row, for what may be nowhere. Sealed it reads otherwise. */
function inTheOpen(view: View): Finding[] {
  const needles = needlesOf(view);
  return Object.entries(view.evidence.tables).flatMap(([table, rows]) =>
    rows.flatMap((row) => {
      const text = Object.values(row).map(textOf).join('\n');
      return needles
        .filter(({ needle }) => text.includes(needle))
        .map(({ what }) => found(`${table} ${String(row.id ?? row.event_id ?? '')}`, `shows ${what}`));
    }),
  );
}

interface Needle {
  readonly what: string;
  readonly needle: string;
}

function needlesOf({ evidence }: View): readonly Needle[] {
  const secrets = evidence.endpoints.flatMap(({ name, secret }) => {
    const key = secret.replace(/^whsec_/, '');
    const raw = Buffer.from(key, 'base64').toString('latin1');
    return [key, raw].map((needle) => ({ what: `the secret of the ${name} endpoint`, needle }));
  });
  const cards = new Set<string>();
  for (const line of evidence.merchant) {
    if (line.kind !== 'request') continue;
    const number = (line.body as { card?: { number?: unknown } } | undefined)?.card?.number;
    if (typeof number === 'string') cards.add(number);
  }
  return [...secrets, ...[...cards].map((needle) => ({ what: 'a card number', needle }))];
}

function textOf(cell: unknown): string {
  if (typeof cell === 'string') return cell;
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('latin1');
  return cell === null || typeof cell !== 'object' ? String(cell) : JSON.stringify(cell);
}

/** Stripe's `..._client_secret` lets whoever has it act for the payer; browsers bring it along. */
function keptAccess({ evidence }: View): Finding[] {
  const { inbox, return_refusal: refusals, attempt: attempts } = evidence.tables;
  const returned = inbox.filter((row) => row.event_type === 'challenge.returned').map((row) => row.summary);
  const cells = [
    ...returned,
    ...refusals.map((row) => row.detail),
    ...attempts.map((row) => row.authentication),
  ];
  return cells
    .filter((cell) => /client_secret|_secret_[A-Za-z0-9]/.test(textOf(cell)))
    .map(() => found('a return', 'was kept with what lets others act for its payer'));
}
