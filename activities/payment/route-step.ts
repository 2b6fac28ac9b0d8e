import { CHALLENGE_WINDOW_MS } from '../../domain/payment/challenge.ts';
import type { RouteStep } from '../../domain/payment/payment.ts';
import type { RoutingAccount } from '../../domain/routing/book.ts';
import type { Dependencies } from '../dependencies.ts';

/** One account as a candidate, with what its adapter declares, sealed with the route. */
export function routeStep(deps: Dependencies, account: RoutingAccount): RouteStep {
  const provider = deps.providers.named(account.provider, account.connectorVersion);
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
    ...(provider.unknown.replays === undefined ? {} : { replays: provider.unknown.replays }),
    keyWindowMs: scaled(provider.unknown.keyWindowMs),
    visibilityHorizonMs: scaled(provider.unknown.visibilityHorizonMs),
    canLookup: connection.lookup !== undefined,
    canVoidByReference: connection.voidByReference !== undefined,
    canRefund: connection.refund !== undefined,
    completesReturns: connection.completeAction !== undefined,
    challengeWindowMs: scaled(CHALLENGE_WINDOW_MS),
  };
}
