import { defineUpdate, patched, setHandler } from '@temporalio/workflow';
import type { RecordExtras } from '../../activities/index.ts';
import type { Ruling } from '../../domain/payment/commands.ts';
import {
  decideMove,
  decideOperatorCancel,
  decideOperatorVoid,
  decideProposal,
  decideResolution,
  decideRetryNow,
  outcomeOfTestimony,
  revocable,
} from '../../domain/payment/operate.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import { isHeldForReview, type Payment } from '../../domain/payment/payment.ts';
import { decideRelease } from '../../domain/payment/review.ts';
import { database } from '../operations/activities.ts';
import type { Lanes } from '../operations/lanes.ts';
import { operate, orderOf, proposalFor, requestOf } from '../operations/operating.ts';
import {
  type ApproveCommand,
  type MoveCommand,
  OPERATOR_UPDATES,
  type OperatorCommand,
  type ProposeCommand,
  type ReleaseCommand,
} from '../operations/operator-messages.ts';
import { stampOf, supersededUpdate } from '../operations/updates.ts';
import { PATCHES } from '../versions.ts';
import type { CommandAnswer } from './messages.ts';
import type { PaymentProcess } from './process.ts';
import { routeAgain } from './retries.ts';

/** What operators may tell a payment's workflow. They act as the lock's holder, so they wait for nobody. */
export function handleOperators(process: PaymentProcess, lanes: Lanes): void {
  const run = async (
    command: OperatorCommand,
    type: string,
    rule: (payment: Payment) => Ruling,
    extras: RecordExtras = {},
  ): Promise<CommandAnswer> => {
    await process.planned();
    if (process.superseded) throw supersededUpdate('payment');
    const operated = await operate(process, command, rule, `operator_${type}`, {
      request: requestOf(command),
      ...extras,
    });
    if (operated.type === 'refused') return operated;
    // A proposal changes nothing, so there is nothing to wait for.
    if (type !== 'proposal') await process.answered(command.request.answerByMs);
    return { type: 'done', payment: process.snapshot(), stamp: operated.stamp };
  };
  const handle = <Command extends OperatorCommand>(
    name: string,
    handler: (command: Command) => Promise<CommandAnswer>,
  ) => setHandler(defineUpdate<CommandAnswer, [Command]>(name), handler);

  handle(OPERATOR_UPDATES.retry, async (command: OperatorCommand) => {
    await process.planned();
    const hurried = run(command, 'retry', (payment) => decideRetryNow(payment, orderOf(command)));
    lanes.hurry();
    return hurried;
  });
  handle(OPERATOR_UPDATES.void, (command: OperatorCommand) =>
    run(command, 'void', (payment) => decideOperatorVoid(payment, orderOf(command))),
  );
  handle(OPERATOR_UPDATES.cancel, async (command: OperatorCommand) => {
    const rule = (payment: Payment, revoked: readonly string[]) =>
      decideOperatorCancel(payment, orderOf(command), revoked);
    const revoked = await revokeFor(process, rule);
    return run(command, 'cancel', (payment) => rule(payment, revoked));
  });
  handle(OPERATOR_UPDATES.move, async (command: MoveCommand) => {
    const { accountId, sendByMs } = command;
    const order = { ...orderOf(command), sendByMs, ...(accountId === undefined ? {} : { accountId }) };
    const rule = (payment: Payment, revoked: readonly string[]) => decideMove(payment, order, revoked);
    const revoked = await revokeFor(process, rule);
    return run(command, 'move', (payment) => rule(payment, revoked));
  });
  handle(OPERATOR_UPDATES.release, async (command: ReleaseCommand) => {
    await process.planned();
    const order = { ...orderOf(command), sendByMs: command.sendByMs };
    const held = !process.superseded && isHeldForReview(process.current);
    if (!held || !patched(PATCHES.releaseRoutesAnew))
      return run(command, 'release', (payment) => decideRelease(payment, order));
    const { explanation, ...anew } = await routeAgain(process);
    const rule = (payment: Payment) => decideRelease(payment, order, anew);
    return run(command, 'release', rule, explanation === undefined ? {} : { explanation });
  });
  handle(OPERATOR_UPDATES.propose, (command: ProposeCommand) => propose(process, command, run));
  handle(OPERATOR_UPDATES.approve, (command: ApproveCommand) => approve(process, command, run));
}

type Run = (
  command: OperatorCommand,
  type: string,
  rule: (payment: Payment) => Ruling,
  extras?: RecordExtras,
) => Promise<CommandAnswer>;

async function propose(process: PaymentProcess, command: ProposeCommand, run: Run): Promise<CommandAnswer> {
  await process.planned();
  if (process.superseded) throw supersededUpdate('payment');
  const { operationId = '', testimony, evidence, reason, operator, resolutionId: id } = command;
  const said = outcomeOfTestimony(process.current, operationId, testimony);
  if (said.type === 'refused') return { ...said, stamp: stampOf(command.request) };
  const proposal = { id, operationId, outcome: said.outcome, evidence, reason, proposedBy: operator };
  return run(command, 'proposal', (payment) => decideProposal(payment, operationId, orderOf(command)), {
    resolution: { type: 'proposed', proposal },
  });
}

async function approve(process: PaymentProcess, command: ApproveCommand, run: Run): Promise<CommandAnswer> {
  await process.planned();
  const found = await proposalFor(process.id, command);
  if (!('ownerId' in found)) return { type: 'refused', refusal: found, stamp: stampOf(command.request) };
  const { id, operationId = '', outcome, evidence, proposedBy } = found;
  const order = { ...orderOf(command), operator: `${command.operator} and ${proposedBy}`, evidence };
  return run(
    command,
    'resolution',
    // A payment's proposal is an outcome of one of its operations; only a refund's may be anything else.
    (payment) => decideResolution(payment, operationId, outcome as OperationOutcome, order, Date.now()),
    { resolution: { type: 'approved', id, approvedBy: command.operator } },
  );
}

/**
 * Takes back every permit that nobody has claimed; what was claimed first is missing from the answer. A command
 * that would be refused even then takes none: what is refused changes nothing.
 */
async function revokeFor(
  process: PaymentProcess,
  rule: (payment: Payment, revoked: readonly string[]) => Ruling,
): Promise<readonly string[]> {
  await process.planned();
  if (process.superseded) return [];
  const unclaimed = revocable(process.current).map(({ id }) => id);
  if (rule(process.current, unclaimed).type === 'refused') return [];
  const revoked: string[] = [];
  for (const id of unclaimed) {
    if ((await database.revoke(id)) === 'revoked') revoked.push(id);
  }
  return revoked;
}
