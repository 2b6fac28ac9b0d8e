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
import {
  type BudgetVerdict,
  budgetDecline,
  consentDecline,
  judgeBudget,
} from '../../domain/routing/declines/index.ts';
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
  /** The payer has taken their consent back, or the card's network allows no try: nobody is to be asked. */
  readonly refused?: Decline;
  /** The route is empty only because those who could take it are unwell. */
  readonly outage?: boolean;
}

/** Evaluates the merchant's policy on what is true now. Only a stored answer counts: see plan.ts. */
export async function chooseRoute(deps: Dependencies, question: RouteQuestion): Promise<ChosenRoute> {
  const { merchantId, mode, wish = {} } = question;
  const merchantInitiated = wish.offSession === true;
  const [routing, payer] = await Promise.all([
    deps.routing.snapshot(merchantId, mode),
    loadPayerFacts(deps.db, { paymentMethodId: undefined, ...question, merchantInitiated }),
  ]);
  if (routing === undefined || payer === undefined) return { route: [] };
  const nowMs = Date.now();
  const facts = factsOf(question, routing, payer, nowMs);
  const budget = budgetOf(deps, mode, payer, nowMs);
  const refused = refusedBy(merchantInitiated, payer, budget);
  const chosen = await chooseProbing(deps, question, routing, facts, refused === undefined);
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
    ...(refused === undefined ? {} : { refused }),
    ...(isOutage(chosen) ? { outage: true } : {}),
  };
}

/** Consent was asked for when the payment was accepted, and may be gone when it is sent, which can be days later. */
function refusedBy(
  merchantInitiated: boolean,
  { mandate }: PayerFacts,
  budget: BudgetVerdict,
): Decline | undefined {
  if (merchantInitiated && mandate === undefined) return consentDecline();
  return budget.type === 'used_up' ? budgetDecline(budget.because) : undefined;
}

function isOutage({ order, explanation }: StoredRouting): boolean {
  return (
    order.length === 0 &&
    explanation.candidates.some(({ verdict }) => verdict === 'unhealthy' || verdict === 'degraded')
  );
}

/**
 * Counts what others would have chosen, once for a payment: when its first decision is stored, by whoever stored it. It
 * is in no payment's way: whatever goes wrong here is a comparison less.
 */
export async function compareOthers(
  { routing: book }: Pick<Dependencies, 'routing'>,
  { merchantId, mode, paymentId = '' }: RouteQuestion,
  { explanation }: Pick<ChosenRoute, 'explanation'>,
): Promise<void> {
  if (explanation === undefined) return;
  const routing = await book.snapshot(merchantId, mode).catch(() => undefined);
  if (routing === undefined) return;
  for (const comparison of comparisonsOf(routing, paymentId, explanation)) book.compared(comparison);
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

/**
 * An open circuit whose time is up lets one payment through, which decides whether it closes: only one that is sent, and
 * goes there first. So it is chosen as if each such account were back; the probe is taken for the first of that order,
 * and whoever comes too late chooses again without it. What is stored is what decided: every other circuit is open.
 */
async function chooseProbing(
  deps: Dependencies,
  { paymentId = '', again }: RouteQuestion,
  routing: MerchantRouting,
  facts: RoutingFacts,
  mayBeSent: boolean,
): Promise<StoredRouting> {
  const candidates = deps.routing.candidates(routing, facts);
  const chooseWith = (probed: (accountId: string) => boolean) =>
    choose(
      routing,
      paymentId,
      facts,
      candidates.map((each) => (probed(each.accountId) ? back(each) : each)),
    );
  const isDue = (accountId: string) => deps.routing.circuitOf(accountId).probeDue;
  if (mayBeSent && candidates.some(({ accountId }) => isDue(accountId))) {
    const [first] = chooseWith(isDue).order;
    if (first !== undefined && isDue(first)) {
      const alone = chooseWith((accountId) => accountId === first);
      // What was released from a review, or is tried again, is sent whatever the policy wants reviewed.
      const isSent = again === true || namesOf(alone, 'review').length === 0;
      if (isSent && alone.order[0] === first && (await winsProbe(deps, first))) return alone;
    }
  }
  return chooseWith(() => false);
}

/** What its health remembers is why it was left: it would keep the probe from ever being tried. */
function back(candidate: CandidateInputs): CandidateInputs {
  return { ...candidate, health: { ...candidate.health, circuit: 'half_open', weightPpm: 1_000_000 } };
}

async function winsProbe(deps: Dependencies, accountId: string): Promise<boolean> {
  const won = await takeProbe(deps.db, accountId, circuitOpenMs(deps.settings.timeScale));
  // Whoever came too late sees that somebody else has it, and so do the next ones.
  await deps.routing.circuitTouched();
  return won;
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
