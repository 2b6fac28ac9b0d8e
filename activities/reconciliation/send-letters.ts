import { createInbox, type InboxEvent } from '../../db/inbox/index.ts';
import type { Dependencies } from '../dependencies.ts';

/**
 * Puts letters into the boxes of those whom they concern, and rings their bells. `about` is kept where a webhook's body
 * is: what a letter is made of stands elsewhere already. Answers how many are new.
 */
export async function sendLetters(
  { db, door }: Dependencies,
  { id: accountId, provider }: { readonly id: string; readonly provider: string },
  about: object,
  events: readonly InboxEvent[],
): Promise<number> {
  const rawBody = new TextEncoder().encode(JSON.stringify(about));
  const { stored, ownerIds } = await createInbox(db).store({ provider, accountId, rawBody, events });
  for (const ownerId of ownerIds) await door.news(ownerId);
  return stored;
}
