import { ApplicationFailure } from '@temporalio/workflow';
import { COMMAND_REFUSED, type Refusal, type RequestStamp, SUPERSEDED } from '../payment/messages.ts';

/** How every update refuses and answers, whichever workflow it is of. */
export function stampOf(request: RequestStamp) {
  return { bodyDigest: request.bodyDigest, httpRequestId: request.httpRequestId };
}

/** Thrown by a validator: a rejected update leaves no trace in the history. */
export function refusedUpdate(refusal: Refusal): ApplicationFailure {
  return ApplicationFailure.create({
    type: COMMAND_REFUSED,
    message: refusal.message,
    nonRetryable: true,
    details: [refusal],
  });
}

/** The caller sends it again, to the generation that has taken over. */
export function supersededUpdate(what: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: SUPERSEDED,
    message: `a later generation has this ${what}`,
    nonRetryable: true,
  });
}
