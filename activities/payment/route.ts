import { takeProbe } from '../../db/circuits.ts';
import { type CardFacts, type ConfiguredAccount, loadConfiguration } from '../../db/configuration.ts';
import type { StoredCredential } from '../../domain/authentication/authentication.ts';
import {
  type AuthenticationWish,
  type PlannedAuthentication,
  planAuthentication,
} from '../../domain/authentication/policy.ts';
import type { Mode } from '../../domain/ids.ts';
import { CHALLENGE_WINDOW_MS } from '../../domain/payment/challenge.ts';
import type { RouteStep } from '../../domain/payment/payment.ts';
import { circuitOpenMs } from '../../domain/routing/circuit.ts';
import { evaluate, type RouteExplanation } from '../../domain/routing/policy.ts';
import type { Dependencies } from '../dependencies.ts';

export interface RouteQuestion {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethodId?: string;
  readonly wish?: AuthenticationWish;
}

export interface ChosenRoute {
  readonly route: readonly RouteStep[];
  readonly policyVersion?: number;
  readonly explanation?: RouteExplanation;
  readonly authentication?: PlannedAuthentication;
  readonly storedCredential?: StoredCredential;
}

/** Evaluates the merchant's policy on what is true now. Only a stored answer counts: see plan.ts. */
export async function chooseRoute(deps: Dependencies, question: RouteQuestion): Promise<ChosenRoute> {
  const { merchantId, mode, amountMinor, currency, paymentMethodId, wish = {} } = question;
  const { configuration, card } = await loadConfiguration(deps.db, merchantId, mode, paymentMethodId);
  if (configuration === undefined || card === undefined) return { route: [] };
  const accounts = await Promise.all(configuration.accounts.map((account) => withProbe(deps, account)));
  const { order, explanation } = evaluate(
    configuration.policy,
    configuration.policyVersion,
    {
      amountMinor,
      currency,
      brand: card.brand,
      ...(card.country === undefined ? {} : { country: card.country }),
    },
    accounts.map(({ id, provider, enabled, circuit }) => ({ accountId: id, provider, enabled, circuit })),
  );
  const byId = new Map(accounts.map((account) => [account.id, account] as const));
  const route = order.flatMap((accountId) => {
    const account = byId.get(accountId);
    return account === undefined ? [] : [routeStep(deps, account)];
  });
  const storedCredential = storedCredentialOf(wish, card);
  return {
    route,
    policyVersion: configuration.policyVersion,
    explanation,
    authentication: planAuthentication({
      amountMinor,
      currency,
      offSession: wish.offSession === true,
      keepsCard: wish.usage !== undefined && wish.offSession !== true,
      rules: configuration.authenticationRules,
      ...(card.country === undefined ? {} : { country: card.country }),
      ...(wish.threeDs?.request === undefined ? {} : { asked: wish.threeDs.request }),
      ...(wish.threeDs?.exemption === undefined ? {} : { exemption: wish.threeDs.exemption }),
      ...(wish.risk === undefined ? {} : { risk: wish.risk }),
    }),
    ...(storedCredential === undefined ? {} : { storedCredential }),
  };
}

/** A card that is kept, or charged because it was: by the latest mandate that its holder gave for it. */
function storedCredentialOf(
  { offSession, usage }: AuthenticationWish,
  { mandate }: CardFacts,
): StoredCredential | undefined {
  if (offSession !== true) return usage === undefined ? undefined : { initiator: 'cardholder', usage };
  return {
    initiator: 'merchant',
    usage: usage ?? mandate?.usage ?? 'unscheduled',
    ...(mandate === undefined ? {} : { networkTransactionId: mandate.networkTransactionId }),
  };
}

/** An open circuit whose time is up lets one payment through, which decides whether it closes. */
async function withProbe(deps: Dependencies, account: ConfiguredAccount): Promise<ConfiguredAccount> {
  if (account.circuit === 'closed') return account;
  const won =
    account.probeDue && (await takeProbe(deps.db, account.id, circuitOpenMs(deps.settings.timeScale)));
  return { ...account, circuit: won ? 'half_open' : 'open' };
}

function routeStep(deps: Dependencies, account: ConfiguredAccount): RouteStep {
  const provider = deps.providers.named(account.provider);
  // What an adapter can do is read from the calls it has, so a declaration cannot disagree with the code.
  const connection = deps.providers.connection(account);
  const { timeScale } = deps.settings;
  const scaled = (ms: number) => Math.round(ms * timeScale);
  return {
    accountId: account.id,
    provider: provider.name,
    connectorVersion: provider.connectorVersion,
    automaticCapture: provider.automaticCapture,
    multipleCaptures: provider.multipleCaptures,
    authorizationLifetimeMs: scaled(provider.authorizationLifetimeMs),
    replaysByKey: provider.unknown.replaysByKey,
    keyWindowMs: scaled(provider.unknown.keyWindowMs),
    visibilityHorizonMs: scaled(provider.unknown.visibilityHorizonMs),
    canLookup: connection.lookup !== undefined,
    canVoidByReference: connection.voidByReference !== undefined,
    canRefund: connection.refund !== undefined,
    completesReturns: connection.completeAction !== undefined,
    challengeWindowMs: scaled(CHALLENGE_WINDOW_MS),
  };
}
