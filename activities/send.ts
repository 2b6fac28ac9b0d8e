import { performance } from 'node:perf_hooks';
import { log } from '@temporalio/activity';
import { reportHealth } from '../db/circuits.ts';
import { claimFirstSend, claimResend } from '../db/permits.ts';
import { observe, type SendFacts } from '../db/sends.ts';
import { unreachable } from '../domain/machine.ts';
import { isCompletion } from '../domain/payment/causes.ts';
import type { OperationOutcome } from '../domain/payment/outcome.ts';
import { circuitOpenMs, healthSign } from '../domain/routing/circuit.ts';
import type { ObservedResult } from '../domain/routing/learning/index.ts';
import { isOpen, observedResult } from '../domain/routing/observed.ts';
import type { ProviderConnection } from '../providers/provider.ts';
import { openCall } from '../providers/transport/index.ts';
import { CVC_LIFETIME_MS } from '../vault/index.ts';
import type { Dependencies } from './dependencies.ts';
import { callProvider } from './tracing.ts';

/**
 * The only two ways in which something that moves money leaves this machine: the first send under a
 * permit, and the resolver's resend under the same key. Whatever happens between claim and answer is an
 * outcome; whatever throws, threw before the claim, so nothing was sent. See DESIGN.md, point 4.
 */
export type SendResult =
  | { readonly type: 'outcome'; readonly outcome: OperationOutcome }
  /** A newer generation has taken over: the asking workflow must stop. */
  | { readonly type: 'superseded' }
  /** No permit for a resend: the key, the parameters or the time is gone. Nothing was sent. */
  | { readonly type: 'not_permitted' };

/** The provider call itself: given the connection, whether it's a resend decides how a 4xx is read. */
export type Effect = (connection: ProviderConnection, resend: boolean) => Promise<OperationOutcome>;

export interface FirstSend {
  readonly facts: SendFacts;
  readonly generation: number;
  /** What the provider will be told, exactly; sealed and committed with the claim. */
  readonly parameters: unknown;
  readonly effect: Effect;
}

/** A quick answer's proof is the activity's own result; a slow one may come when nobody waits any more. */
const SLOW_ANSWER_MS = 1_000;

export async function sendFirst(deps: Dependencies, send: FirstSend): Promise<SendResult> {
  const { facts, generation } = send;
  const { providerDeadlineMs, timeScale } = deps.settings;
  const provider = deps.providers.named(facts.account.provider, facts.connectorVersion);
  const connection = deps.providers.connection(facts.account);
  const expireAtMs = Math.min(
    Date.now() + CVC_LIFETIME_MS,
    facts.paymentMethod?.cvcExpiresAtMs ?? Number.POSITIVE_INFINITY,
  );
  const sealedParameters = deps.vault.sealParameters(send.parameters, facts.operationId, expireAtMs);
  // The deadline is armed before the claim, so a slow claim eats from it.
  const call = openCall({ totalDeadlineMs: providerDeadlineMs });
  try {
    const claimedFromMs = performance.now();
    const claim = await claimFirstSend(deps.db, {
      operationId: facts.operationId,
      generation,
      sealedParameters,
      parametersExpireAtMs: expireAtMs,
      keyWindowMs: provider.unknown.keyWindowMs * timeScale,
    });
    switch (claim.type) {
      case 'already_sent': {
        const outcome: OperationOutcome = { type: 'unknown', cause: 'already_sent' };
        // A reset, or a worker that was lost: rare, and whoever looks later should see that it was asked for twice.
        await witness(deps, send, 'permit', outcome);
        return { type: 'outcome', outcome };
      }
      case 'superseded':
        return { type: 'superseded' };
      case 'revoked':
        return { type: 'outcome', outcome: { type: 'not_attempted', proof: claim.why } };
      case 'claimed':
        call.permitClaimed(claimedFromMs);
        return {
          type: 'outcome',
          outcome: await answered(deps, send, 'send', () =>
            callProvider(call, calledFor(facts), () => send.effect(connection, false)),
          ),
        };
      default:
        return unreachable(claim);
    }
  } finally {
    call.close();
  }
}

/** Sends the same request under the same key again. Only the resolver does, and it claims too. */
export async function sendAgain(
  deps: Dependencies,
  send: Omit<FirstSend, 'parameters'>,
): Promise<SendResult> {
  const { facts, generation } = send;
  const { providerDeadlineMs } = deps.settings;
  const connection = deps.providers.connection(facts.account);
  const call = openCall({ totalDeadlineMs: providerDeadlineMs });
  try {
    const claimedFromMs = performance.now();
    const claimedAtMs = await claimResend(deps.db, facts.operationId, generation, providerDeadlineMs);
    if (claimedAtMs === undefined) return { type: 'not_permitted' };
    call.permitClaimed(claimedFromMs);
    const outcome = await answered(deps, send, 'resend', () =>
      callProvider(call, { ...calledFor(facts), isResend: true }, () => send.effect(connection, true)),
    );
    return { type: 'outcome', outcome: afterResend(outcome) };
  } finally {
    call.close();
  }
}

function calledFor({ account, kind: operation, operationId, attemptNumber }: SendFacts) {
  return { account, operation, operationId, attemptNumber };
}

/** On a resend, "nothing left this machine" and "refused" speak of the second send; the first may have executed. */
function afterResend(outcome: OperationOutcome): OperationOutcome {
  if (outcome.type === 'not_attempted')
    return { type: 'unknown', cause: 'connection_lost', detail: 'the resend was not sent' };
  if (outcome.type === 'rejected')
    return { type: 'unknown', cause: 'rejected_on_resend', detail: outcome.code };
  return outcome;
}

/** Past the claim nothing may throw: what is not an outcome by now is an unknown one. */
async function answered(
  deps: Dependencies,
  send: Pick<FirstSend, 'facts' | 'generation'>,
  source: string,
  effect: () => Promise<OperationOutcome>,
): Promise<OperationOutcome> {
  const { facts } = send;
  const startedMs = performance.now();
  let outcome: OperationOutcome;
  try {
    outcome = await effect();
  } catch (error) {
    // An adapter that throws has a bug; the money may have moved all the same.
    log.error('adapter threw after the claim', {
      operationId: facts.operationId,
      error: error instanceof Error ? error.name : typeof error,
    });
    outcome = { type: 'unknown', cause: 'unmapped_response', detail: 'adapter failed' };
  }
  const latencyMs = Math.round(performance.now() - startedMs);
  deps.meter?.providerCalled({
    provider: facts.account.provider,
    account: facts.account.id,
    operation: facts.kind,
    outcome: outcome.type,
    isResend: source === 'resend',
    seconds: latencyMs / 1_000,
  });
  const slow = latencyMs > SLOW_ANSWER_MS;
  if (slow || source === 'resend' || outcome.type === 'unknown') await witness(deps, send, source, outcome);
  learn(deps, facts, outcome, latencyMs);
  await shareHealth(deps, facts, outcome);
  return outcome;
}

/** Writes down what was seen, and wakes the payment or refund if it no longer waits for it. Must not hide the outcome. */
async function witness(
  deps: Dependencies,
  send: Pick<FirstSend, 'facts' | 'generation'>,
  source: string,
  outcome: OperationOutcome,
): Promise<void> {
  const { facts, generation } = send;
  try {
    const { stale } = await observe(deps.db, facts, { source, generation, outcome });
    if (stale && outcome.type !== 'unknown') await deps.door.news(facts.ownerId);
  } catch (error) {
    log.error('observation not stored', {
      operationId: facts.operationId,
      error: error instanceof Error ? error.name : typeof error,
    });
  }
}

/**
 * The answer of a resend, or of what completes a challenge, is learnt when it is recorded, as whoever finds it brings it.
 * A completion that nobody knows the end of leaves its attempt at its challenge, from where the answer is counted as the
 * first: it is not counted as unknown before. Nor has one anything to say of an attempt that was settled meanwhile.
 */
function isLearntWhenRecorded({ cause, attemptStatus }: SendFacts, result: ObservedResult): boolean {
  if (result === 'not_attempted') return false;
  return isCompletion({ cause }) || (result !== 'unknown' && isOpen(attemptStatus));
}

/** What routing learns of accounts by: charges that were tried, and how long their answers took. */
function learn(deps: Dependencies, facts: SendFacts, outcome: OperationOutcome, latencyMs: number): void {
  const { account, kind, paymentMethod, currency, amountMinor } = facts;
  const result = kind === 'authorize' || kind === 'sale' ? observedResult(outcome) : undefined;
  if (result === undefined) return;
  if (isLearntWhenRecorded(facts, result)) return;
  deps.routing.observed({
    accountId: account.id,
    method: 'card',
    currency,
    result,
    latencyMs,
    amountMinor,
    atMs: Date.now(),
    ...(paymentMethod?.brand === undefined ? {} : { brand: paymentMethod.brand }),
    ...(paymentMethod?.country === undefined ? {} : { issuerCountry: paymentMethod.country }),
  });
}

async function shareHealth(deps: Dependencies, facts: SendFacts, outcome: OperationOutcome): Promise<void> {
  const sign = healthSign(outcome);
  try {
    const openMs = circuitOpenMs(deps.settings.timeScale);
    const { id, circuit } = facts.account;
    // What this worker wrote it knows at once; the others at their next tick.
    if (await reportHealth(deps.db, id, sign, circuit, openMs)) await deps.routing.circuitTouched();
  } catch (error) {
    log.warn('health not shared', {
      accountId: facts.account.id,
      error: error instanceof Error ? error.name : typeof error,
    });
  }
}
