import { randomUUID } from 'node:crypto';
import { storePlan } from '../../db/plan.ts';
import { recordTransition } from '../../db/record.ts';
import { paymentIdFor, requestIdFor } from '../../domain/ids.ts';
import { routed } from '../../domain/payment/commands.ts';
import { decideOutcome } from '../../domain/payment/decide.ts';
import { draft } from '../../domain/payment/fixtures.ts';
import { type Transition, transitionOf } from '../../domain/payment/transition.ts';
import { interleaved } from '../lib/load.ts';
import type { Figure } from '../lib/report.ts';
import { median, medianInterval } from '../lib/statistics.ts';
import type { SuiteContext } from '../lib/suite.ts';
import type { Options } from './options.ts';
import type { EventStack } from './stack.ts';

/**
 * What writing the event costs whoever records the step: the very statement, with the event and without it, by this
 * process over the stack's Postgres. Its CPU here is the worker's there.
 */
const SIDES = ['with', 'without'] as const;
type Side = (typeof SIDES)[number];

export async function measureOutbox(
  context: SuiteContext,
  stack: EventStack,
  options: Options,
): Promise<Figure> {
  const run = async (side: Side): Promise<number> => {
    const steps: Transition[] = [];
    for (let index = 0; index < options.payments; index += 1) steps.push(await success(stack));
    const before = process.cpuUsage();
    for (const step of steps) {
      const written = await recordTransition(stack.db, side === 'with' ? step : { ...step, events: [] }, {});
      if (written.type !== 'recorded') throw new Error(`a step was ${written.type}`);
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 / options.payments;
  };
  const results: Record<Side, number[]> = { with: [], without: [] };
  await context.progress.step(`outbox: ${options.rounds} rounds of 2 × ${options.payments}`, async (say) => {
    for (const side of SIDES) await run(side);
    await interleaved(options.rounds, SIDES, async (side, round) => {
      const ms = await run(side);
      results[side].push(ms);
      say(`round ${round + 1}, ${side} its event: ${ms.toFixed(2)} ms a step`);
    });
  });
  const perRound = results.with.map((ms, round) => ms - (results.without[round] ?? 0));
  return {
    name: 'cpu_outbox_worker_ms',
    text: 'CPU of writing one event with its step, ms',
    value: median(perRound),
    interval: medianInterval(perRound),
  };
}

const MERCHANT = 'mer_bench';

/** A planned payment, and the step in which it succeeds. Of a merchant that nobody listens to. */
async function success({ db }: EventStack): Promise<Transition> {
  const key = randomUUID();
  const id = paymentIdFor(MERCHANT, 'test', key);
  const before = draft({ id, merchantId: MERCHANT, createdAtMs: Date.now() });
  const path = 'POST /v1/payments';
  const request = {
    id: requestIdFor(MERCHANT, 'test', path, key),
    path,
    idempotencyKey: key,
    bodyDigest: '',
  };
  const plan = transitionOf(before, routed(before, 'first'), { type: 'created', actor: 'bench' }, Date.now());
  const { payment } = await storePlan(db, plan, request, undefined);
  const operation = payment.attempts.at(-1)?.operations.at(-1);
  const { amountMinor, currency } = payment;
  const outcome = { type: 'captured', providerReference: 'pi_bench', amountMinor, currency } as const;
  const decision = decideOutcome(payment, operation?.id ?? '', outcome, Date.now());
  if (decision === undefined) throw new Error('a charge decides nothing');
  return transitionOf(payment, decision, { type: 'captured', actor: 'bench' }, Date.now());
}
