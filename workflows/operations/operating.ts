import type { StoredResolution } from '../../activities/index.ts';
import type { Refusal } from '../../domain/payment/commands.ts';
import type { OperatorOrder } from '../../domain/payment/operate.ts';
import type { Trigger } from '../../domain/payment/transition.ts';
import { database } from './activities.ts';
import type { ApproveCommand, OperatorCommand } from './operator-messages.ts';
import { stampOf, supersededUpdate } from './updates.ts';

type Ruling<Decision> =
  | { readonly type: 'decided'; readonly decision: Decision }
  | { readonly type: 'answered' }
  | { readonly type: 'refused'; readonly refusal: Refusal };

interface Commanded<State, Decision, Extras> {
  readonly superseded: boolean;
  apply(decide: (state: State) => Decision | undefined, trigger: Trigger, extras?: Extras): Promise<boolean>;
}

export type Operated =
  | { readonly type: 'done'; readonly stamp: ReturnType<typeof stampOf> }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly stamp: ReturnType<typeof stampOf> };

/** One operator's command: judged on the state as it is when its turn comes, written with its request. */
export async function operate<State, Decision, Extras>(
  process: Commanded<State, Decision, Extras>,
  command: OperatorCommand,
  rule: (state: State) => Ruling<Decision>,
  type: string,
  extras: Extras,
): Promise<Operated> {
  let ruling: Ruling<Decision> | undefined;
  await process.apply(
    (state) => {
      ruling = rule(state);
      return ruling.type === 'decided' ? ruling.decision : undefined;
    },
    { type, actor: `operator:${command.operator}` },
    extras,
  );
  const stamp = stampOf(command.request);
  // Assigned in the callback, which the compiler does not follow.
  const judged = ruling as Ruling<Decision> | undefined;
  if (judged?.type === 'refused') return { type: 'refused', refusal: judged.refusal, stamp };
  if (process.superseded) throw supersededUpdate('object');
  return { type: 'done', stamp };
}

/** What the domain is told of a command: its cause, who, and why. */
export function orderOf({ request, operator, reason }: OperatorCommand): OperatorOrder {
  return { cause: request.requestId, operator, reason };
}

/** The request's row is the operator's own promise, whoever's payment it concerns. */
export function requestOf({ request, operator }: OperatorCommand) {
  const { requestId: id, path, idempotencyKey, bodyDigest } = request;
  return { id, path, idempotencyKey, bodyDigest, merchantId: operator, mode: 'live' as const };
}

/** The proposal that an approval is about, or why it can't be approved by this operator. */
export async function proposalFor(
  ownerId: string,
  { resolutionId, operator }: ApproveCommand,
): Promise<StoredResolution | Refusal> {
  const { resolution } = await database.readResolution(resolutionId);
  if (resolution === undefined || resolution.ownerId !== ownerId) {
    return { code: 'resolution_unknown', message: 'no such resolution was proposed' };
  }
  if (resolution.status !== 'proposed') {
    return { code: 'resolution_settled', message: `the resolution is ${resolution.status} already` };
  }
  if (resolution.proposedBy === operator) {
    return {
      code: 'second_operator_required',
      message: 'another operator than the one who proposed it must approve',
    };
  }
  return resolution;
}
