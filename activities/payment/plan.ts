import { log } from '@temporalio/activity';
import { loadPayment } from '../../db/aggregate.ts';
import { loadStatedFacts } from '../../db/explanations.ts';
import { storePlan } from '../../db/plan.ts';
import { observeRerun } from '../../db/sends.ts';
import { routed } from '../../domain/payment/commands.ts';
import type { Decision } from '../../domain/payment/edit.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import type { Settings } from '../../domain/payment/resolver.ts';
import { transitionOf } from '../../domain/payment/transition.ts';
import type { Dependencies } from '../dependencies.ts';
import { type ChosenRoute, chooseRoute, compareOthers, type RouteQuestion } from './route.ts';

/** What the merchant asked for, as the workflow's input carries it. */
export interface PlanOrder extends RouteQuestion {
  readonly paymentId: string;
  readonly generation: number;
  readonly request: {
    readonly requestId: string;
    readonly path: string;
    readonly idempotencyKey: string;
    readonly bodyDigest: string;
  };
  readonly captureMethod: 'automatic' | 'manual';
  readonly confirm: boolean;
  readonly completeByMs: number;
  /** The workflow's own start: the same on every execution of this activity. */
  readonly atMs: number;
  readonly reference?: string;
  readonly description?: string;
  readonly returnUrl?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly customerId?: string;
}

export interface PlanResult {
  /** As stored: what this plan wrote, or what an earlier one did. */
  readonly payment: Payment;
  readonly created: boolean;
  readonly bodyDigest: string;
  readonly settings: Settings;
}

/**
 * Get-or-create of the payment with its route, first attempt and permit. Run twice, with other health data
 * in between, it answers what the first run stored.
 */
export function createPlan(deps: Dependencies) {
  return async function plan(order: PlanOrder): Promise<PlanResult> {
    const chosen: ChosenRoute = order.confirm ? await chooseRoute(deps, order) : { route: [] };
    const draft = draftPayment(order, chosen);
    const decision = firstDecision(order, draft, chosen);
    const transition = transitionOf(
      draft,
      decision,
      { type: 'created', actor: `request:${order.request.requestId}` },
      order.atMs,
    );
    const { requestId, ...request } = order.request;
    const planned = await storePlan(deps.db, transition, { id: requestId, ...request }, chosen.explanation);
    if (planned.created) await compareOthers(deps, order, chosen);
    else await noteRerun(deps, order);
    return { ...planned, settings: deps.settings };
  };
}

/** For the story only: that it cannot be written stops no payment. */
async function noteRerun({ db }: Dependencies, { paymentId, generation }: PlanOrder): Promise<void> {
  try {
    await observeRerun(db, paymentId, generation);
  } catch (error) {
    log.warn('a second run was not noted', { error: error instanceof Error ? error.name : typeof error });
  }
}

function draftPayment(order: PlanOrder, chosen: ChosenRoute): Payment {
  const { paymentId, request: _request, atMs, confirm, wish: _wish, ...asked } = order;
  const unconfirmed =
    asked.paymentMethodId === undefined ? 'requires_payment_method' : 'requires_confirmation';
  return {
    ...asked,
    id: paymentId,
    sequence: 0,
    status: confirm ? 'processing' : unconfirmed,
    amountAuthorizedMinor: 0,
    amountCapturedMinor: 0,
    amountRefundedMinor: 0,
    route: chosen.route,
    attempts: [],
    createdAtMs: atMs,
    ...(chosen.policyVersion === undefined ? {} : { policyVersion: chosen.policyVersion }),
    ...(chosen.authentication === undefined ? {} : { authentication: chosen.authentication }),
    ...(chosen.storedCredential === undefined ? {} : { storedCredential: chosen.storedCredential }),
    ...(chosen.retryPlan === undefined ? {} : { retryPlan: chosen.retryPlan }),
  };
}

function firstDecision(order: PlanOrder, draft: Payment, chosen: ChosenRoute): Decision {
  return order.confirm ? routed(draft, 'first', chosen) : { after: draft, reason: 'waits for confirmation' };
}

export interface Hydrated {
  /** Absent: no row was ever written for this payment. */
  readonly payment?: Payment;
  readonly settings: Settings;
}

/** Reads the payment back: how a later generation, or a workflow that fell behind, learns where it stands. */
export function createHydrate(deps: Dependencies) {
  return async function hydrate(paymentId: string): Promise<Hydrated> {
    const payment = await loadPayment(deps.db, paymentId);
    return { settings: deps.settings, ...(payment === undefined ? {} : { payment }) };
  };
}

/** The route for a payment that is confirmed, or tried again, later. Stored by the step that goes by it. */
export function createRoute(deps: Dependencies) {
  return async function route(question: RouteQuestion): Promise<ChosenRoute> {
    const { again, paymentId, wish } = question;
    if (again !== true || paymentId === undefined) {
      const chosen = await chooseRoute(deps, question);
      // Run twice, it counts twice: who stores it is another activity. Later rounds aren't compared at all.
      await compareOthers(deps, question, chosen);
      return chosen;
    }
    return chooseRoute(deps, {
      ...question,
      wish: { ...wish, ...(await loadStatedFacts(deps.db, paymentId)) },
    });
  };
}
