import { takeProbe } from '../../db/circuits.ts';
import { loadPayerFacts, type PayerFacts } from '../../db/configuration.ts';
import type { StoredCredential } from '../../domain/authentication/authentication.ts';
import {
  type AuthenticationWish,
  type PlannedAuthentication,
  planAuthentication,
} from '../../domain/authentication/policy.ts';
import type { Mode } from '../../domain/ids.ts';
import type { Decline } from '../../domain/payment/outcome.ts';
import type { PaymentRetryPlan, RouteStep } from '../../domain/payment/payment.ts';
import type { MerchantRouting } from '../../domain/routing/book.ts';
import { choose, comparisonsOf, type StoredRouting } from '../../domain/routing/choose.ts';
import { circuitOpenMs } from '../../domain/routing/circuit.ts';
import type { CandidateInputs, Requirement } from '../../domain/routing/decision.ts';
import { type BudgetVerdict, budgetDecline, judgeBudget } from '../../domain/routing/declines/index.ts';
import type { RoutingFacts } from '../../domain/routing/facts.ts';
import type { Dependencies } from '../dependencies.ts';
import { routeStep } from './route-step.ts';

export interface RouteQuestion {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethodId?: string;
  readonly wish?: AuthenticationWish;
  /** Whose route it is: what is drawn is drawn from it. Absent in what old workflows ask. */
  readonly paymentId?: string;
  readonly customerId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** It was routed before: what the merchant stated then holds still. */
  readonly again?: boolean;
}

export interface ChosenRoute {
  readonly route: readonly RouteStep[];
  readonly policyVersion?: number;
  readonly explanation?: StoredRouting;
  readonly authentication?: PlannedAuthentication;
  readonly storedCredential?: StoredCredential;
  readonly retryPlan?: PaymentRetryPlan;
  /** The rules that want a person to look before anything is sent. */
  readonly review?: readonly string[];
  /** The card's network allows no try: nobody is to be asked. */
  readonly refused?: Decline;
}

/** Evaluates the merchant's policy on what is true now. Only a stored answer counts: see plan.ts. */
export async function chooseRoute(deps: Dependencies, question: RouteQuestion): Promise<ChosenRoute> {
  const { merchantId, mode, wish = {}, paymentId = '' } = question;
  const merchantInitiated = wish.offSession === true;
  const [routing, payer] = await Promise.all([
    deps.routing.snapshot(merchantId, mode),
    loadPayerFacts(deps.db, { paymentMethodId: undefined, ...question, merchantInitiated }),
  ]);
  if (routing === undefined || payer === undefined) return { route: [] };
  const nowMs = Date.now();
  const facts = factsOf(question, routing, payer, nowMs);
  const candidates = await withProbes(deps, deps.routing.candidates(routing, facts));
  const chosen = choose(routing, paymentId, facts, candidates);
  for (const comparison of comparisonsOf(routing, paymentId, chosen)) deps.routing.compared(comparison);
  const budget = budgetOf(deps, mode, payer, nowMs);
  const storedCredential = storedCredentialOf(wish, payer);
  const review = namesOf(chosen, 'review');
  return {
    route: stepsOf(deps, routing, chosen),
    policyVersion: chosen.inputs.policyVersion,
    explanation: chosen,
    authentication: authenticationOf(question, routing, payer, chosen),
    retryPlan: {
      ...chosen.retries,
      timeScale: deps.settings.timeScale,
      ...(budget.type === 'left' ? { declinesLeft: budget.declines } : {}),
    },
    ...(storedCredential === undefined ? {} : { storedCredential }),
    ...(review.length === 0 ? {} : { review }),
    ...(budget.type === 'used_up' ? { refused: budgetDecline(budget.because) } : {}),
  };
}

function factsOf(
  { merchantId, amountMinor, currency, wish = {}, metadata = {} }: RouteQuestion,
  { merchantCategory, merchantCountry }: MerchantRouting,
  { brand, bin, country, funding, mandate, history }: PayerFacts,
  atMs: number,
): RoutingFacts {
  const { billingCountry, channel, riskScore } = wish.stated ?? {};
  const usage = wish.usage ?? (wish.offSession === true ? mandate?.usage : undefined);
  return {
    merchantId,
    amountMinor,
    currency,
    method: 'card',
    atMs,
    brand,
    bin,
    risk: wish.risk ?? 'normal',
    merchantInitiated: wish.offSession === true,
    recurring: usage === 'recurring',
    metadata,
    ...(billingCountry === undefined ? {} : { buyerCountry: billingCountry }),
    ...(country === undefined ? {} : { issuerCountry: country }),
    ...(funding === undefined ? {} : { funding }),
    ...(merchantCategory === undefined ? {} : { merchantCategory }),
    ...(merchantCountry === undefined ? {} : { merchantCountry }),
    ...(channel === undefined ? {} : { channel }),
    ...(riskScore === undefined ? {} : { riskScore }),
    ...(history === undefined ? {} : { customer: history }),
  };
}

/** An open circuit whose time is up lets one payment through, which decides whether it closes. */
async function withProbes(
  deps: Dependencies,
  candidates: readonly CandidateInputs[],
): Promise<readonly CandidateInputs[]> {
  const due = candidates.filter(({ accountId }) => deps.routing.circuitOf(accountId).probeDue);
  if (due.length === 0) return candidates;
  const openMs = circuitOpenMs(deps.settings.timeScale);
  const won = new Set<string>();
  for (const { accountId } of due) if (await takeProbe(deps.db, accountId, openMs)) won.add(accountId);
  // Whoever came too late sees that somebody else has it, and so do the next ones.
  await deps.routing.circuitTouched();
  // What its health remembers is why it was left: it would keep the probe from ever being tried.
  const probed = { circuit: 'half_open', weightPpm: 1_000_000 } as const;
  return candidates.map((each) =>
    won.has(each.accountId) ? { ...each, health: { ...each.health, ...probed } } : each,
  );
}

function stepsOf(
  deps: Dependencies,
  { accounts }: MerchantRouting,
  { order }: StoredRouting,
): readonly RouteStep[] {
  const byId = new Map(accounts.map((account) => [account.id, account] as const));
  return order.flatMap((accountId) => {
    const account = byId.get(accountId);
    return account === undefined ? [] : [routeStep(deps, account)];
  });
}

/** The rules that require something of this payment. */
function namesOf({ explanation }: StoredRouting, wanted: Requirement): readonly string[] {
  return explanation.requirements
    .filter(({ matched, require }) => matched && require === wanted)
    .map(({ name }) => name);
}

function authenticationOf(
  { amountMinor, currency, wish = {} }: RouteQuestion,
  { authenticationRules }: MerchantRouting,
  { country }: PayerFacts,
  chosen: StoredRouting,
): PlannedAuthentication {
  return planAuthentication({
    amountMinor,
    currency,
    offSession: wish.offSession === true,
    keepsCard: wish.usage !== undefined && wish.offSession !== true,
    rules: authenticationRules,
    required: [
      ...namesOf(chosen, 'challenge').map((name) => ({ name, request: 'challenge' as const })),
      ...namesOf(chosen, 'authenticate').map((name) => ({ name, request: 'any' as const })),
    ],
    ...(country === undefined ? {} : { country }),
    ...(wish.threeDs?.request === undefined ? {} : { asked: wish.threeDs.request }),
    ...(wish.threeDs?.exemption === undefined ? {} : { exemption: wish.threeDs.exemption }),
    ...(wish.risk === undefined ? {} : { risk: wish.risk }),
  });
}

/** No network hears of a test card's declines, and developers try one a hundred times a day. */
function budgetOf(
  { countTestDeclines = false }: Dependencies,
  mode: Mode,
  { brand, declines }: PayerFacts,
  nowMs: number,
): BudgetVerdict {
  if (mode === 'test' && !countTestDeclines) return { type: 'unlimited' };
  return judgeBudget(brand, declines, nowMs);
}

/** A card that is kept, or charged because it was: by the latest mandate that its holder gave for it. */
function storedCredentialOf(
  { offSession, usage }: AuthenticationWish,
  { mandate }: PayerFacts,
): StoredCredential | undefined {
  if (offSession !== true) return usage === undefined ? undefined : { initiator: 'cardholder', usage };
  return {
    initiator: 'merchant',
    usage: usage ?? mandate?.usage ?? 'unscheduled',
    ...(mandate === undefined ? {} : { networkTransactionId: mandate.networkTransactionId }),
  };
}
