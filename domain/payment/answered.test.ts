import { expect, it } from 'vitest';
import { answerOf } from './answered.ts';
import { decideChallengeEnd } from './challenge.ts';
import { decideCaptureCommand, decideVoidCommand, type Ruling } from './commands.ts';
import { decideOutcome } from './decide.ts';
import type { Decision } from './edit.ts';
import { NOW, planned, stepAt } from './fixtures.ts';
import type { OperationOutcome } from './outcome.ts';
import { openOperations, type Payment } from './payment.ts';
import { decideVoidByReference } from './resolver.ts';
import { transitionOf } from './transition.ts';

const AUTHORIZED = {
  type: 'authorized',
  providerReference: 'ref',
  amountMinor: 1_000,
  currency: 'EUR',
} as const satisfies OperationOutcome;
const CAPTURED: OperationOutcome = { ...AUTHORIZED, type: 'captured' };
const VOIDED: OperationOutcome = { type: 'voided', providerReference: 'ref' };
const UNKNOWN: OperationOutcome = { type: 'unknown', cause: 'timeout' };
const REFUSED: OperationOutcome = { type: 'rejected', code: 'not_now', message: '' };
const DECLINED: OperationOutcome = {
  type: 'declined',
  decline: { reason: 'lost_or_stolen', providerCode: 'x', message: 'm' },
};
const CHALLENGE: OperationOutcome = {
  type: 'requires_action',
  providerReference: 'ref',
  action: 'redirect_to_url',
  nextAction: { type: 'redirect_to_url', url: 'https://acs.example/1' },
};

type Step = (payment: Payment) => Decision | undefined;

const idOf = (payment: Payment, kind: string) => {
  const found = openOperations(payment).find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} is open`);
  return found.id;
};
/** What the provider says of the operation of that kind that is open. */
const says =
  (kind: string, outcome: OperationOutcome): Step =>
  (payment) =>
    decideOutcome(payment, idOf(payment, kind), outcome, NOW);
const ruled = (ruling: Ruling) => (ruling.type === 'decided' ? ruling.decision : undefined);
const captures: Step = (payment) =>
  ruled(decideCaptureCommand(payment, { amountMinor: 1_000, finalCapture: true, cause: 'capture' }, NOW));
const voids: Step = (payment) => ruled(decideVoidCommand(payment, 'void'));
const voidsByReference: Step = (payment) => decideVoidByReference(payment, idOf(payment, 'authorize'), 3);
const timeIsOver: Step = (payment) => decideChallengeEnd(payment, NOW + 3_600_000);

/** The answers that are counted, of all the steps of a payment's life. */
function answersOf(begun: Payment, steps: readonly Step[]): readonly string[] {
  const answers: string[] = [];
  let payment = begun;
  for (const [index, step] of steps.entries()) {
    const decision = step(payment);
    if (decision === undefined) throw new Error(`nothing was decided by step ${index}`);
    const transition = transitionOf(payment, decision, { type: 'test', actor: 'test' }, NOW);
    const answer = answerOf(transition);
    if (answer !== undefined) answers.push(answer);
    payment = transition.payment;
  }
  return answers;
}

const manual = (changes: Partial<Payment> = {}) =>
  planned({ captureMethod: 'manual', route: [stepAt('adyen')], ...changes });
const elsewhereToo = () => manual({ route: [stepAt('adyen'), stepAt('stripe')] });
const challenged = () =>
  manual({ authentication: { asked: { request: 'automatic' }, reasons: [], offSession: false } });
const held = says('authorize', AUTHORIZED);

it.each<[string, Payment, readonly Step[], readonly string[]]>([
  ['under way', manual(), [says('authorize', UNKNOWN)], []],
  ['held', manual(), [held], ['authorized']],
  ['declined', manual(), [says('authorize', DECLINED)], ['failed']],
  ['captured at once', planned(), [says('sale', CAPTURED)], ['succeeded']],
  ['captured by the provider at once', manual(), [says('authorize', CAPTURED)], ['succeeded']],
  ['captured after it was held', manual(), [held, captures, says('capture', CAPTURED)], ['authorized']],
  ['voided after it was held', manual(), [held, voids, says('void', VOIDED)], ['authorized']],
  ['back after a refused void', manual(), [held, voids, says('void', REFUSED)], ['authorized']],
  [
    'held after a doubt, which a void by reference did not end',
    manual(),
    [says('authorize', UNKNOWN), voidsByReference, says('void', UNKNOWN), held],
    ['authorized'],
  ],
  [
    'voided by reference, then held elsewhere',
    elsewhereToo(),
    [says('authorize', UNKNOWN), voidsByReference, says('void', VOIDED), held],
    ['authorized'],
  ],
  [
    'completed while the challenge was being canceled, which came too late',
    challenged(),
    [
      says('authorize', CHALLENGE),
      timeIsOver,
      held,
      says('void', { type: 'not_attempted', proof: 'no_byte_sent' }),
    ],
    ['authorized'],
  ],
])('answers a payer once: %s', (_what, payment, steps, answers) => {
  expect(answersOf(payment, steps)).toEqual(answers);
});

it('leaves out what a late success that is undone had authorized', () => {
  const late: Step = (payment) =>
    decideOutcome(payment, payment.attempts[0]?.operations[0]?.id ?? '', AUTHORIZED, NOW);
  expect(answersOf(elsewhereToo(), [says('authorize', REFUSED), late, says('authorize', DECLINED)])).toEqual([
    'failed',
  ]);
});
