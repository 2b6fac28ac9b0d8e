import type { UpdateDefinition } from '@temporalio/common';
import { loadPayment } from '../db/aggregate.ts';
import { loadRefund } from '../db/refunds/aggregate.ts';
import { loadResolution, type StoredResolution } from '../db/resolutions.ts';
import { isRefundId } from '../domain/ids.ts';
import type { Refusal, Ruling } from '../domain/payment/commands.ts';
import {
  decideMove,
  decideOperatorCancel,
  decideOperatorVoid,
  decideRetryNow,
  judgeTestimony,
  type OperatorOrder,
} from '../domain/payment/operate.ts';
import type { Payment } from '../domain/payment/payment.ts';
import { decideRelease } from '../domain/payment/review.ts';
import { judgeRefundCancel, type RefundRuling } from '../domain/refund/commands.ts';
import { decideRefundRetryNow, judgeRefundTestimony } from '../domain/refund/operate.ts';
import type { Refund } from '../domain/refund/refund.ts';
import {
  type ApproveCommand,
  type MoveCommand,
  OPERATOR_UPDATES,
  type OperatorCommand,
  type ProposeCommand,
  type ReleaseCommand,
} from '../workflows/operations/operator-messages.ts';
import type { CommandAnswer } from '../workflows/payment/messages.ts';
import type { RefundAnswer } from '../workflows/refund/messages.ts';
import type { OperatorsDoor, Result } from './contract.ts';
import type { DoorParts } from './generations.ts';
import { sendCommand } from './updates.ts';

/**
 * Operators' commands by the door. A workflow that has closed is judged on its row first, so that a command that
 * would be refused opens no generation.
 */
export function createOperatorsDoor(deps: DoorParts): OperatorsDoor {
  const send =
    <Command extends OperatorCommand>(name: keyof typeof OPERATOR_UPDATES, rules: Rules<Command>) =>
    (ownerId: string, order: Command, timeoutMs: number): Promise<Result<CommandAnswer | RefundAnswer>> =>
      sendCommand<CommandAnswer | RefundAnswer, Command>(deps, {
        ownerId,
        // A definition is its name; the workflows' own bring the SDK for workflows with them.
        update: { type: 'update', name: OPERATOR_UPDATES[name] } as UpdateDefinition<
          CommandAnswer | RefundAnswer,
          [Command]
        >,
        order,
        timeoutMs,
        judge: () => judge(deps, ownerId, order, rules),
        refused: (refusal) => ({ type: 'refused', refusal, stamp: order.request }),
      });
  return {
    retry: send('retry', {
      payment: (payment, order) => refusalIn(decideRetryNow(payment, order)),
      refund: (refund, order) => refusalIn(decideRefundRetryNow(refund, order)),
    }),
    void: send('void', { payment: (payment, order) => refusalIn(decideOperatorVoid(payment, order)) }),
    cancel: send('cancel', {
      payment: (payment, order) => refusalIn(decideOperatorCancel(payment, order, [])),
      refund: (refund) => judgeRefundCancel(refund),
    }),
    move: send<MoveCommand>('move', {
      payment: (payment, order, { accountId, sendByMs }) =>
        refusalIn(
          decideMove(payment, { ...order, sendByMs, ...(accountId === undefined ? {} : { accountId }) }, []),
        ),
    }),
    release: send<ReleaseCommand>('release', {
      payment: (payment, order, { sendByMs }) => refusalIn(decideRelease(payment, { ...order, sendByMs })),
    }),
    // A workflow whose payment rests has nothing open that anybody could testify about.
    propose: send<ProposeCommand>('propose', {
      payment: ({ status }) => ({
        code: 'operation_resolved',
        message: `nothing of a payment that is ${status} is open`,
        status,
      }),
      refund: (refund, _order, { operationId }) => judgeRefundTestimony(refund, operationId),
    }),
    approve: send<ApproveCommand>('approve', {
      payment: async (payment, _order, { resolutionId }) => {
        const proposed = await loadResolution(deps.db, resolutionId);
        return settledRefusal(proposed) ?? judgeTestimony(payment, proposed?.operationId ?? '');
      },
      refund: async (refund, _order, { resolutionId }) => {
        const proposed = await loadResolution(deps.db, resolutionId);
        return settledRefusal(proposed) ?? judgeRefundTestimony(refund, proposed?.operationId);
      },
    }),
  };
}

type Verdict = Refusal | undefined | Promise<Refusal | undefined>;

interface Rules<Command> {
  payment(payment: Payment, order: OperatorOrder, command: Command): Verdict;
  refund?(refund: Refund, order: OperatorOrder, command: Command): Verdict;
}

function settledRefusal(resolution: StoredResolution | undefined): Refusal | undefined {
  if (resolution?.status === 'proposed') return undefined;
  const message = `the resolution is ${resolution?.status ?? 'unknown'} already`;
  return { code: 'resolution_settled', message };
}

async function judge<Command extends OperatorCommand>(
  { db }: DoorParts,
  ownerId: string,
  command: Command,
  rules: Rules<Command>,
): Promise<Refusal | 'absent' | undefined> {
  const { request, operator, reason } = command;
  const order = { cause: request.requestId, operator, reason };
  if (isRefundId(ownerId)) {
    const refund = await loadRefund(db, ownerId);
    return refund === undefined || rules.refund === undefined
      ? 'absent'
      : rules.refund(refund, order, command);
  }
  const payment = await loadPayment(db, ownerId);
  return payment === undefined ? 'absent' : rules.payment(payment, order, command);
}

function refusalIn(ruling: Ruling | RefundRuling): Refusal | undefined {
  return ruling.type === 'refused' ? ruling.refusal : undefined;
}
