import type { JournalLine } from '../evidence-types.ts';
import type { Finding } from './finding.ts';
import type { AttemptRow } from './rows.ts';
import type { View } from './view.ts';

/**
 * S4: no charge past a challenge. Once an issuer has demanded that the payer act (`requires_action` in a journal),
 * money of that payment moves, anywhere, only on the issuer's word that they did; after N or R it never does; and
 * what is written down as authenticated was. A return that was tampered with is refused.
 */
export function checkChallenges(view: View): Finding[] {
  return [...welcomed(view), ...[...view.payments.keys()].flatMap((paymentId) => judge(view, paymentId))];
}

/** Whose query it is only the provider can tell, sometimes; an amount and an address tell by themselves. */
const TAMPERED: ReadonlySet<string> = new Set(['forged_amount', 'forged_address']);

function welcomed({ evidence }: View): Finding[] {
  return evidence.merchant.flatMap((line) => {
    if (line.kind !== 'payer' || !TAMPERED.has(line.did) || line.status === 0 || line.status >= 400)
      return [];
    return [found(line.payment, `answered a return with a ${line.did.replace('_', ' ')} ${line.status}`)];
  });
}

function judge(view: View, paymentId: string): Finding[] {
  const attempts = view.attemptsOf(paymentId);
  const demanded = attempts.filter((attempt) => isDemanded(effectsOf(view, attempt)));
  return [
    ...attempts.flatMap((attempt) => [
      ...charged(view, attempt, demanded.length > 0),
      ...madeUp(view, attempt),
    ]),
    ...demanded.flatMap((attempt) => believed(view, attempt)),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'S4', subject, what });

function effectsOf(view: View, attempt: AttemptRow): readonly JournalLine[] {
  return view.linesOf(attempt.id).filter((line) => line.kind === 'effect');
}

function isDemanded(effects: readonly JournalLine[]): boolean {
  return effects.some(({ effect }) => effect === 'requires_action');
}

/** The issuer's yes: authenticated, or attempted where it could not. */
const YES: ReadonlySet<string> = new Set(['Y', 'A']);
const NO: ReadonlySet<string> = new Set(['N', 'R']);

const wordOf = (line: JournalLine) => line.authentication?.transStatus ?? 'nothing';

function isApproved(effects: readonly JournalLine[]): boolean {
  return effects.some((line) => line.effect === 'authorized' && YES.has(wordOf(line)));
}

/** What the provider did with money. */
function charged(view: View, attempt: AttemptRow, demanded: boolean): Finding[] {
  const effects = effectsOf(view, attempt);
  const authorized = effects.filter(({ effect }) => effect === 'authorized');
  const unasked = demanded ? authorized.find((line) => !YES.has(wordOf(line))) : undefined;
  const against = authorized.find((line) => NO.has(wordOf(line)));
  const wrong = against ?? unasked;
  if (wrong !== undefined)
    return [found(attempt.id, `was authorized although the issuer had said ${wordOf(wrong)}`)];
  const taken = effects.some(({ effect }) => effect === 'captured');
  return isDemanded(effects) && taken && !isApproved(effects)
    ? [found(attempt.id, 'was captured, and its challenge was never approved')]
    : [];
}

const CHARGED: ReadonlySet<string> = new Set(['authorized', 'captured']);

/** What we made of it: a return that is believed moves no money at the provider, and goods are sent all the same. */
function believed(view: View, attempt: AttemptRow): Finding[] {
  if (!CHARGED.has(attempt.status) || isApproved(effectsOf(view, attempt))) return [];
  return [found(attempt.id, `is ${attempt.status}, and its challenge was never approved`)];
}

/** What auditors are shown. A decline may follow a yes. */
function madeUp(view: View, attempt: AttemptRow): Finding[] {
  const { transStatus } = attempt.authentication?.facts ?? {};
  if (transStatus === undefined || !YES.has(transStatus)) return [];
  const said = effectsOf(view, attempt).some(
    (line) => ['authorized', 'declined'].includes(line.effect ?? '') && YES.has(wordOf(line)),
  );
  return said ? [] : [found(attempt.id, `is written down as ${transStatus}, which no issuer said`)];
}
