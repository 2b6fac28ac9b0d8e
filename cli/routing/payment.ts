import { UsageError } from '../verb.ts';
import type { RoutingOptions } from './order.ts';

/** What `simulate` was told, as the API takes it. */
export function hypotheticalOf(options: RoutingOptions): object {
  const { amount, currency, country, issuer, brand, funding, bin, channel, risk, at, draw, version } =
    options;
  const payment = {
    amount: numberOf('amount', amount),
    currency,
    buyer_country: country,
    issuer_country: issuer,
    brand,
    funding,
    bin,
    channel,
    risk,
    risk_score: numberOf('risk-score', options['risk-score']),
    merchant_initiated: options['off-session'] || undefined,
    recurring: options.recurring || undefined,
    metadata: options.metadata === undefined ? undefined : metadataOf(options.metadata),
    at,
  };
  // What is undefined is not sent.
  return { payment, version: numberOf('version', version), draw: numberOf('draw', draw) };
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--${name} is a whole number`);
  return Number(text);
}

function metadataOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError('--metadata is key=value');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
