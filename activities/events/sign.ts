import { Webhook } from 'standardwebhooks';
import type { WebhookSecrets } from '../../vault/index.ts';

/** Signs by Standard Webhooks: while a secret is being rotated the old and the new one both do. */
export type Signer = (eventId: string, body: string, at: Date) => Readonly<Record<string, string>>;

export function createSigner(secrets: WebhookSecrets, nowMs: number): Signer {
  const rotating = secrets.previous !== undefined && nowMs < (secrets.previousUntilMs ?? 0);
  const keys = [secrets.current, ...(rotating ? [secrets.previous] : [])].map(
    (each) => new Webhook(each ?? ''),
  );
  return (eventId, body, at) => ({
    'content-type': 'application/json',
    'user-agent': 'Interlock-Webhooks/1',
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': keys.map((key) => key.sign(eventId, at, body)).join(' '),
  });
}
