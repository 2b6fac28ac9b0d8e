import type { ObservedResult } from '../../../domain/routing/learning/index.ts';
import { luckOf, type YearPayment } from './payments.ts';
import type { World } from './world.ts';

export interface AttemptResult {
  readonly result: ObservedResult;
  /** The decline's reason, where it was one: the retry plan asks for it. */
  readonly reason?: 'processing_error' | 'do_not_honor' | 'invalid_account';
  readonly latencyMs: number;
}

/** Even a provider that is well leaves one answer in a thousand out. */
const LOST_ANSWERS = 0.001;
const GIVEN_UP_MS = 20_000;
const REFUSED_MS = 3;
const ANSWER_MS = { least: 250, spread: 900 };
/** Of a trouble's declines, what the provider itself says is its own trouble. */
const OWNS_UP = 0.5;
const HARD_SHARE = 0.25;

/** One attempt at one account: the payer's luck against the truth. The same luck at all accounts, whoever asks. */
export function tryAt(
  world: World,
  payment: YearPayment,
  account: number,
  attemptNumber: number,
): AttemptResult {
  const { approval, outage } = world.truth(account, payment.kind, payment.atMs);
  const luck = (about: string) => luckOf(payment, attemptNumber, about);
  if (outage?.kind === 'dead') return { result: 'not_attempted', latencyMs: REFUSED_MS };
  if (outage?.kind === 'silent' || luck('lost') < LOST_ANSWERS) {
    return { result: 'unknown', latencyMs: GIVEN_UP_MS };
  }
  const latencyMs = ANSWER_MS.least + ANSWER_MS.spread * luck('latency') ** 2;
  const drawn = luck('approval');
  if (drawn < approval) return { result: 'approved', latencyMs };
  const troubled = outage !== undefined && drawn < approval / outage.approvalLeft;
  if (troubled && luck('word') < OWNS_UP) {
    return { result: 'soft_decline', reason: 'processing_error', latencyMs };
  }
  return luck('kind') < HARD_SHARE
    ? { result: 'hard_decline', reason: 'invalid_account', latencyMs }
    : { result: 'soft_decline', reason: 'do_not_honor', latencyMs };
}
