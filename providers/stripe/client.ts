import Stripe from 'stripe';
import { agentFor } from '../transport/index.ts';
import type { StripeConfig } from './config.ts';

/** Pinned: the mapping was written and tested against this version, whatever the account's default is. */
const API_VERSION = '2026-10-28.endive';
/** Never reached: the call's total deadline ends everything long before. The SDK's own default is 80 s. */
const SDK_TIMEOUT_MS = 600_000;

/**
 * The official SDK over our agent. Retries are off, yet the SDK still sends once more after ECONNRESET or
 * EPIPE; the transport refuses that second request (one permit, one request).
 */
export function stripeClient({ baseUrl, apiKey }: StripeConfig): Stripe {
  const protocol = baseUrl.protocol === 'https:' ? 'https' : 'http';
  return new Stripe(apiKey, {
    apiVersion: API_VERSION,
    maxNetworkRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    telemetry: false,
    httpClient: Stripe.createNodeHttpClient(agentFor(baseUrl)),
    protocol,
    host: baseUrl.hostname,
    port: baseUrl.port === '' ? (protocol === 'https' ? 443 : 80) : baseUrl.port,
  });
}
