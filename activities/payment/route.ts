import { takeProbe } from '../../db/circuits.ts';
import { type ConfiguredAccount, loadConfiguration } from '../../db/configuration.ts';
import type { Mode } from '../../domain/ids.ts';
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
}

export interface ChosenRoute {
  readonly route: readonly RouteStep[];
  readonly policyVersion?: number;
  readonly explanation?: RouteExplanation;
}

/** Evaluates the merchant's policy on what is true now. Only a stored answer counts: see plan.ts. */
export async function chooseRoute(deps: Dependencies, question: RouteQuestion): Promise<ChosenRoute> {
  const { merchantId, mode, amountMinor, currency, paymentMethodId } = question;
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
  return { route, policyVersion: configuration.policyVersion, explanation };
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
  };
}
