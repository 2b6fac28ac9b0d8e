import { z } from 'zod';
import { within } from '../deadline.ts';
import { problem } from '../problems.ts';
import type { Call, Reply, Route, Services } from '../route.ts';

const MAX_WEBHOOK_BYTES = 1_000_000;
/** Providers give up after ten seconds; the sweeper signals whatever this leaves unsignalled. */
const SIGNAL_MS = 2_000;

const paramsSchema = z.strictObject({
  provider: z.string().regex(/^[a-z0-9_-]{1,40}$/),
  account: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
});

/** How many webhooks came to what since the process started; `/healthz` tells. */
export interface WebhookCounts {
  stored: number;
  duplicate: number;
  refused: number;
}

/**
 * Webhooks of providers: verified, stored, and only then acknowledged. Nothing here believes what an event
 * says; the payment's workflow is woken and reads it for itself.
 */
export function webhookRoutes(counts: WebhookCounts): readonly Route[] {
  return [
    {
      method: 'post',
      path: '/v1/webhooks/:provider/:account',
      operationId: 'receiveWebhook',
      summary: "A provider's webhook, signed with the account's own secret",
      access: 'public',
      params: paramsSchema,
      rawBodyBytes: MAX_WEBHOOK_BYTES,
      responses: {
        200: {
          description: 'Stored (now or by an earlier delivery).',
          schema: z.literal('[accepted]'),
          contentType: 'text/plain',
        },
      },
      run: (call, services) => receive(call, services, counts),
    },
  ];
}

async function receive(call: Call, services: Services, counts: WebhookCounts): Promise<Reply> {
  const address = paramsSchema.safeParse(call.params);
  const account = address.success ? await services.webhookAccount(address.data.account) : undefined;
  if (!address.success || account === undefined || account.provider !== address.data.provider) {
    throw problem('resource_missing');
  }
  call.note({ provider: account.provider, account: account.id });
  const rawBody = call.body as Uint8Array;
  const verdict = await judge(call, account, services);
  if (verdict.type === 'refused') {
    counts.refused += 1;
    services.meter?.webhooksCame(account.provider, 'refused', 1);
    call.log.warn({ reason: verdict.reason, refused: counts.refused }, 'a webhook was refused');
    throw problem(verdict.reason === 'malformed' ? 'webhook_malformed' : 'webhook_refused');
  }
  const { events } = verdict;
  const { provider, id: accountId } = account;
  const { stored, ownerIds } = await services.inbox.store({ provider, accountId, rawBody, events });
  counts.stored += stored;
  counts.duplicate += events.length - stored;
  services.meter?.webhooksCame(provider, 'stored', stored);
  services.meter?.webhooksCame(provider, 'duplicate', events.length - stored);
  call.note({ events: events.length, stored, owners: ownerIds });
  await wake(ownerIds, provider, services);
  // Adyen asks for this very text; the others look at the status only.
  return { status: 200, body: '[accepted]' };
}

type Verdict =
  | ReturnType<NonNullable<ReturnType<Services['webhooks']['verifierOf']>>['verify']>
  | { readonly type: 'refused'; readonly reason: 'not_configured' };

/** What this process can't verify may be signed with a secret that was set a moment ago at another one. */
async function judge(
  { body, headers, receivedAtMs: nowMs }: Call,
  { id, provider }: { readonly id: string; readonly provider: string },
  { webhooks }: Services,
): Promise<Verdict> {
  const verifier = webhooks.verifierOf(provider);
  const verify = (): Verdict => {
    const secrets = webhooks.secretsOf(id);
    return verifier === undefined || secrets === undefined
      ? { type: 'refused', reason: 'not_configured' }
      : verifier.verify({ rawBody: body as Uint8Array, headers, secrets, nowMs });
  };
  const verdict = verify();
  if (verdict.type === 'verified' || verdict.reason === 'malformed' || verdict.reason === 'stale')
    return verdict;
  const known = webhooks.secretsOf(id);
  await webhooks.refreshSecrets();
  return webhooks.secretsOf(id) === known ? verdict : verify();
}

async function wake(ownerIds: readonly string[], provider: string, services: Services): Promise<void> {
  const { bell, webhooks } = services;
  if (webhooks.isHint(provider)) {
    for (const ownerId of ownerIds) bell.ringLater(ownerId);
    return;
  }
  await within(Promise.all(ownerIds.map((ownerId) => bell.ring(ownerId))), SIGNAL_MS);
}
