import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorized,
  type Database,
  draft,
  mustRecord,
  openTestDatabase,
  plan,
  step,
  stepAfter,
} from '../test/attack/support/rows.ts';
import { createInbox } from './inbox/index.ts';
import { giveUpLetter, openLetterException } from './letters.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

/** A verified webhook about a reference, as the inbox keeps it. */
async function letterAbout(reference: string): Promise<string> {
  const providerEventId = `evt_${randomBytes(8).toString('hex')}`;
  const event = { providerEventId, eventType: 'CAPTURE', reference, summary: {} };
  const rawBody = Buffer.from('{}');
  await createInbox(database.db).store({
    provider: 'adyen',
    accountId: 'pa_demo_adyen',
    rawBody,
    events: [event],
  });
  const rows = await database.sql<{ id: string }>('SELECT id FROM inbox WHERE provider_event_id = $1', [
    providerEventId,
  ]);
  return rows[0]?.id ?? expect.fail('the letter was not stored');
}

const isUnread = async (inboxId: string) =>
  (await database.sql('SELECT FROM inbox WHERE id = $1 AND acknowledged_at IS NULL', [inboxId])).length === 1;

const toldOf = async (inboxId: string) =>
  (
    await database.sql(
      'SELECT kind, payment_id, merchant_id, account_id, summary FROM exception WHERE subject_id = $1',
      [inboxId],
    )
  )[0];

async function resting(): Promise<{ readonly id: string; readonly attemptId: string }> {
  const planned = await plan(database.db, draft({ captureMethod: 'manual', route: [step('adyen')] }));
  const payment = await mustRecord(database.db, stepAfter(planned, authorized()));
  return { id: payment.id, attemptId: payment.attempts[0]?.id ?? '' };
}

describe('a letter that is given up', () => {
  it('of a payment that we know is that payment’s, its merchant’s and its account’s', async () => {
    const { id, attemptId } = await resting();
    const letter = await letterAbout(attemptId);
    expect(await giveUpLetter(database.db, letter)).toBe(true);
    expect(await toldOf(letter)).toEqual({
      kind: 'unresolved_webhook',
      payment_id: id,
      merchant_id: 'mer_demo',
      account_id: 'pa_demo_adyen',
      summary: `adyen sent CAPTURE for ${attemptId}, which could not be settled by asking the provider`,
    });
    expect(await isUnread(letter)).toBe(false);
    expect(await giveUpLetter(database.db, letter)).toBe(false);
  });

  it('stays in the box while anything of its payment is under way', async () => {
    const payment = await plan(database.db, draft({ route: [step('adyen')] }));
    const letter = await letterAbout(payment.attempts[0]?.id ?? '');
    expect(await giveUpLetter(database.db, letter)).toBe(false);
    expect([await isUnread(letter), await toldOf(letter)]).toEqual([true, undefined]);
  });

  it('of nothing that we did says so', async () => {
    const letter = await letterAbout('order_of_somebody_else');
    expect(await giveUpLetter(database.db, letter)).toBe(true);
    expect(await toldOf(letter)).toEqual({
      kind: 'unmatched_webhook',
      payment_id: null,
      merchant_id: null,
      account_id: 'pa_demo_adyen',
      summary: 'adyen sent CAPTURE for order_of_somebody_else, which matches nothing that we did',
    });
  });
});

it('a letter that its payment’s workflow contradicts is that payment’s, whatever is under way', async () => {
  const payment = await plan(database.db, draft({ route: [step('adyen')] }));
  const attemptId = payment.attempts[0]?.id ?? '';
  const letter = await letterAbout(attemptId);
  await openLetterException(database.db, letter);
  expect(await toldOf(letter)).toMatchObject({
    kind: 'unresolved_webhook',
    payment_id: payment.id,
    summary: `adyen sent CAPTURE for ${attemptId}, which does not agree with what we know of it`,
  });
  expect(await isUnread(letter)).toBe(false);
});
