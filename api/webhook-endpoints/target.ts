import {
  addressIn,
  isForbiddenAddress,
  judgeTarget,
  type TargetRefusal,
} from '../../domain/events/target.ts';
import { EVENT_TYPES, isEventTypePattern } from '../../domain/events/types.ts';
import { within } from '../deadline.ts';
import { problem } from '../problems.ts';
import type { Services } from '../route.ts';

const RESOLVE_MS = 3_000;

/** What is wrong, and what to do about it. Exhaustive: a new refusal does not compile until it is explained. */
const EXPLAINED: Readonly<Record<TargetRefusal, string>> = {
  not_http: 'Webhooks are sent to http:// and https:// URLs. Give the whole URL.',
  credentials:
    'Leave user name and password out of the URL: webhooks are signed, verify the signature instead.',
  port: 'Webhooks are sent to ports 80, 443 and 8000 to 65535. Let the endpoint listen on one of these.',
  address:
    'Webhooks are sent to public addresses only, and this host is, or resolves to, a private, loopback, link-local or reserved one. Give a host that the public internet reaches.',
};

/**
 * Refuses a URL that could never be delivered to. This is a courtesy to the caller, who learns it now: a name may
 * resolve otherwise tomorrow, so the sender judges each address again when it connects.
 */
export async function refuseForbiddenTarget(url: string, { targets }: Services): Promise<void> {
  const refusal = judgeTarget(url, targets);
  if (refusal !== undefined) throw forbidden(refusal);
  const { hostname } = new URL(url);
  if (targets.privateTargets || addressIn(hostname) !== undefined) return;
  const addresses = await within(targets.resolve(hostname), RESOLVE_MS);
  if (addresses === undefined) throw problem('unavailable');
  if (addresses.length === 0) {
    const message = 'This host name resolves to no address. Make its DNS record first.';
    throw problem('parameter_invalid', { param: 'url', message });
  }
  if (addresses.some(isForbiddenAddress)) throw forbidden('address');
}

function forbidden(refusal: TargetRefusal) {
  return problem('webhook_target_forbidden', { param: 'url', message: EXPLAINED[refusal] });
}

/** A name that is misspelt would be waited for in vain. */
export function refuseUnknownTypes(patterns: readonly string[]): void {
  const index = patterns.findIndex((pattern) => !isEventTypePattern(pattern));
  if (index === -1) return;
  throw problem('parameter_invalid', {
    param: `event_types.${index}`,
    message: `must be *, payment.*, refund.* or one of ${EVENT_TYPES.join(', ')}`,
  });
}
