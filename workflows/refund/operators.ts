import { defineUpdate, setHandler } from '@temporalio/workflow';
import { decideRefundCancel, type RefundRuling } from '../../domain/refund/commands.ts';
import {
  decideRefundProposal,
  decideRefundResolution,
  decideRefundRetryNow,
  testimonyOf,
} from '../../domain/refund/operate.ts';
import { openOperation, type Refund } from '../../domain/refund/refund.ts';
import { database } from '../operations/activities.ts';
import type { Lanes } from '../operations/lanes.ts';
import { operate, orderOf, proposalFor, requestOf } from '../operations/operating.ts';
import {
  type ApproveCommand,
  OPERATOR_UPDATES,
  type OperatorCommand,
  type ProposeCommand,
} from '../operations/operator-messages.ts';
import { stampOf, supersededUpdate } from '../operations/updates.ts';
import type { RefundAnswer } from './messages.ts';
import type { RefundExtras, RefundProcess } from './process.ts';

type Run = (
  command: OperatorCommand,
  type: string,
  rule: (refund: Refund) => RefundRuling,
  extras?: RefundExtras,
) => Promise<RefundAnswer>;

/** What operators may tell a refund's workflow. */
export function handleRefundOperators(process: RefundProcess, lanes: Lanes): void {
  const run: Run = async (command, type, rule, extras = {}) => {
    await process.planned();
    if (process.superseded) throw supersededUpdate('refund');
    const operated = await operate(process, command, rule, `operator_${type}`, {
      request: requestOf(command),
      ...extras,
    });
    if (operated.type === 'refused') return operated;
    await process.answered(command.request.answerByMs);
    return { type: 'done', refund: process.snapshot(), stamp: operated.stamp };
  };
  const handle = <Command extends OperatorCommand>(
    name: string,
    handler: (command: Command) => Promise<RefundAnswer>,
  ) => setHandler(defineUpdate<RefundAnswer, [Command]>(name), handler);

  handle(OPERATOR_UPDATES.retry, async (command: OperatorCommand) => {
    await process.planned();
    const hurried = run(command, 'retry', (refund) => decideRefundRetryNow(refund, orderOf(command)));
    lanes.hurry();
    return hurried;
  });
  handle(OPERATOR_UPDATES.cancel, (command: OperatorCommand) => cancel(process, command, run));
  handle(OPERATOR_UPDATES.propose, (command: ProposeCommand) => propose(process, command, run));
  handle(OPERATOR_UPDATES.approve, (command: ApproveCommand) => approve(process, command, run));
}

async function cancel(process: RefundProcess, command: OperatorCommand, run: Run): Promise<RefundAnswer> {
  await process.planned();
  if (process.superseded) throw supersededUpdate('refund');
  const open = openOperation(process.current);
  const unsent = open?.status === 'created';
  const revoked = unsent && (await database.revoke(open.id)) === 'revoked';
  const by = `${command.operator}: ${command.reason}`;
  return run(command, 'cancel', (refund) =>
    decideRefundCancel(refund, revoked && openOperation(refund)?.id === open.id, by),
  );
}

async function propose(process: RefundProcess, command: ProposeCommand, run: Run): Promise<RefundAnswer> {
  await process.planned();
  if (process.superseded) throw supersededUpdate('refund');
  const { operationId, testimony, evidence, reason, operator, resolutionId: id } = command;
  const said = testimonyOf(process.current, operationId, testimony);
  if (said.type === 'refused') return { ...said, stamp: stampOf(command.request) };
  const proposal = {
    id,
    ...(operationId === undefined ? {} : { operationId }),
    outcome: said.outcome,
    evidence,
    reason,
    proposedBy: operator,
  };
  return run(command, 'proposal', (refund) => decideRefundProposal(refund, operationId, orderOf(command)), {
    resolution: { type: 'proposed', proposal },
  });
}

async function approve(process: RefundProcess, command: ApproveCommand, run: Run): Promise<RefundAnswer> {
  await process.planned();
  const found = await proposalFor(process.id, command);
  if (!('ownerId' in found)) return { type: 'refused', refusal: found, stamp: stampOf(command.request) };
  const { id, operationId, outcome, evidence, proposedBy } = found;
  const order = { ...orderOf(command), operator: `${command.operator} and ${proposedBy}`, evidence };
  return run(
    command,
    'resolution',
    (refund) => decideRefundResolution(refund, operationId, outcome, order, Date.now()),
    { resolution: { type: 'approved', id, approvedBy: command.operator } },
  );
}
