import { type Decline, type DeclineReason, RETRY_ADVICE, type RetryAdvice } from '../../payment/outcome.ts';
import { adviceCode } from './advice-codes.ts';
import { networkCode } from './network-codes.ts';

/**
 * From what provider and network said of a decline to what may be done about it. Whoever has spoken most exactly is
 * believed: the advice that came with it, then the network's code, then the reason.
 */
export interface NextStep {
  readonly advice: RetryAdvice;
  readonly because: string;
  /** Not before so long, where the network says how long. Unscaled milliseconds. */
  readonly waitMs?: number;
}

/** `hard` stays as it is however often one asks; `soft` may pass, also elsewhere; the rest says who must act first. */
export type DeclineClass = 'hard' | 'soft' | 'technical' | 'data' | 'authentication';

const CLASSES: Readonly<Record<RetryAdvice, DeclineClass>> = {
  never: 'hard',
  retry_later: 'soft',
  retry_other_provider: 'technical',
  correct_and_retry: 'data',
  authenticate: 'authentication',
};

export function nextStepAfter(decline: Pick<Decline, 'reason' | 'networkCode' | 'adviceCode'>): NextStep {
  const advised = adviceCode(decline.adviceCode);
  const network = networkCode(decline.networkCode);
  if (advised?.advice === 'never')
    return { advice: 'never', because: `advice ${decline.adviceCode}: ${advised.meaning}` };
  if (network?.category === 1)
    return { advice: 'never', because: `network code ${decline.networkCode}: ${network.meaning}` };
  const advice = RETRY_ADVICE[decline.reason];
  // An advice to wait makes nothing possible that the reason rules out.
  if (advised === undefined || advice === 'never' || advice === 'authenticate')
    return { advice, because: decline.reason };
  return {
    advice: advice === 'retry_other_provider' ? advice : advised.advice,
    because: `advice ${decline.adviceCode}: ${advised.meaning}`,
    ...(advised.waitMs === undefined ? {} : { waitMs: advised.waitMs }),
  };
}

export function declineClass(decline: Pick<Decline, 'reason' | 'networkCode' | 'adviceCode'>): DeclineClass {
  return CLASSES[nextStepAfter(decline).advice];
}

/** Whether a reason may ever be named as one after which another provider is asked. */
export function mayFailOverAfter(reason: DeclineReason): boolean {
  return RETRY_ADVICE[reason] !== 'never';
}
