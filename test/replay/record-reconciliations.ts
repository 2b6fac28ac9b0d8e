/**
 * Closes days in every way and stores their workflows' histories in workflows/reconciliation/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts record-reconciliations`; the README there says when.
 */
import { randomInt } from 'node:crypto';
import { beforeAll, describe, it } from 'vitest';
import { reconciliationId } from '../../domain/reconciliation/day.ts';
import { fileArrivedSignal, type ReconciliationInput } from '../../workflows/reconciliation/messages.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey } from '../support/system.ts';
import {
  ADDED_DAYS,
  ADYEN_CARD,
  clearHistories,
  closed,
  done,
  keep,
  PATIENCE,
  paid,
  pay,
  type Studio,
  studio,
  usd,
  waiting,
} from './studio.ts';

beforeAll(() => {
  clearHistories('reconciliation', ADDED_DAYS);
  clearHistories('scheduledReconciliation');
});

let latest = Date.UTC(2001, 0, 1 + randomInt(9_000));
const nextDate = () => {
  latest += 86_400_000;
  return new Date(latest).toISOString().slice(0, 10);
};

const ADYEN = 'pa_demo_adyen';
const STRIPE = 'pa_demo_stripe';

async function start(
  at: Studio,
  accountId: string,
  businessDate: string,
  more: Partial<ReconciliationInput> = {},
) {
  const workflowId = reconciliationId(accountId, businessDate);
  await at.client.workflow.signalWithStart('reconciliation', {
    taskQueue: at.system.config.temporal.taskQueue,
    workflowId,
    args: [{ accountId, businessDate, ...more }],
    signal: fileArrivedSignal,
  });
  return workflowId;
}

const closeDay = (
  { system }: Studio,
  provider: 'stripe' | 'adyen',
  businessDate: string,
  ...types: string[]
) => system.admin(provider, 'POST', '/settlement', { businessDate, breaks: types.map((type) => ({ type })) });

async function upload({ system }: Studio, account: string, date: string, content: string): Promise<void> {
  const query = new URLSearchParams({ account, format: 'stripe', business_date: date, name: 'upload.csv' });
  const response = await fetch(`${system.apiUrl}/v1/settlements?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.operatorKeys.alice}`, 'idempotency-key': freshKey() },
    body: content,
  });
  if (!response.ok) throw new Error(`upload: ${await response.text()}`);
}

const HEADER =
  'balance_transaction_id,automatic_payout_id,automatic_payout_effective_at,created,available_on,currency,gross,fee,net,reporting_category,source_id,charge_id,payment_intent_id\n';
const lineOf = (id: string) =>
  `txn_${id},po_1,2026-11-20 12:00:00,2026-11-20 10:00:00,2026-11-21 00:00:00,usd,12.50,0.00,12.50,charge,ch_${id},ch_${id},pi_${id}\n`;

describe('days with a file', () => {
  const at = studio({ timeScale: 0.001 });

  it('clean, and run again', async () => {
    await paid(at, 'EUR', undefined, ADYEN_CARD);
    const date = nextDate();
    await closeDay(at, 'adyen', date);
    const id = await start(at, ADYEN, date);
    await keep(at, 'closed-clean', id, done('closed'));
    await start(at, ADYEN, date);
    await keep(at, 'closed-run-again', id, done('closed'));
  });

  it('with news for payments', async () => {
    await paid(at, 'USD');
    await pay(at, usd(1_000), '4000000000009995');
    const date = nextDate();
    await closeDay(at, 'stripe', date, 'EXTERNAL_REFUND', 'DECLINED_BUT_SETTLED');
    await keep(at, 'closed-with-news-taken-in', await start(at, STRIPE, date), done('closed'));
  });

  it('that may not be booked', async () => {
    await paid(at, 'EUR', undefined, ADYEN_CARD);
    const date = nextDate();
    await closeDay(at, 'adyen', date, 'BATCH_TOTAL_BREAK');
    await keep(at, 'blocked-by-its-totals', await start(at, ADYEN, date), done('blocked'));
    // Far enough from its beginning that it was taken in, and read wrongly only then.
    const many = Array.from({ length: 2_000 }, (_, index) => lineOf(`r${index}`)).join('');
    const torn = nextDate();
    await upload(at, STRIPE, torn, `${HEADER}${many}txn_x,"po_1`);
    await keep(at, 'blocked-by-what-cannot-be-read', reconciliationId(STRIPE, torn), done('blocked'));
  });

  it('by upload, though the provider has none', async () => {
    const date = nextDate();
    await upload(at, STRIPE, date, `${HEADER}${lineOf('a')}`);
    await keep(at, 'closed-by-an-upload', reconciliationId(STRIPE, date), done('closed'));
  });
});

describe('days that wait for a file', () => {
  const at = studio({ timeScale: 0.01 });

  it('which then comes', async () => {
    const date = nextDate();
    const id = await start(at, ADYEN, date);
    await rests(at, id);
    await keep(at, 'waiting-file', id, waiting('file'));
    await upload(at, ADYEN, date, `${HEADER}${lineOf('b')}`);
    await keep(at, 'closed-by-an-upload-while-waiting', id, done('closed'));
  });

  it('beyond what one history holds', async () => {
    const date = nextDate();
    const id = await start(at, ADYEN, date, { eventsARun: 15 });
    const { runId } = await at.client.workflow.getHandle(id).describe();
    await waitFor(async () => (await at.client.workflow.getHandle(id).describe()).runId !== runId, {
      ...PATIENCE,
      what: 'the next run',
    });
    await keep(at, 'continued-as-new', id, { ...done('continued'), runId });
    await at.client.workflow.getHandle(id).terminate('recorded');
  });

  it('and their Schedules, which wait for them', async () => {
    const { taskQueue } = at.system.config.temporal;
    const scheduled = await at.client.workflow.start('scheduledReconciliation', {
      taskQueue,
      workflowId: `reconciliation/${ADYEN}-${nextDate()}T06:00:00Z`,
      args: [{ accountId: ADYEN }],
    });
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    await waitFor(
      () =>
        at.system.sql('SELECT 1 FROM reconciliation_run WHERE id = $1', [reconciliationId(ADYEN, yesterday)]),
      { ...PATIENCE, what: 'its day' },
    );
    await keep(at, 'waiting-day', scheduled.workflowId, waiting('day'));
    const other = await at.client.workflow.start('scheduledReconciliation', {
      taskQueue,
      workflowId: `reconciliation/${ADYEN}-${nextDate()}T06:00:00Z`,
      args: [{ accountId: ADYEN }],
    });
    await keep(at, 'under-way', other.workflowId, done('under_way'));
    await upload(at, ADYEN, yesterday, `${HEADER}${lineOf('c')}`);
    await keep(at, 'reconciled', scheduled.workflowId, done('reconciled'));
  });
});

describe('days whose file never comes', () => {
  const at = studio({ timeScale: 0.000_02 });

  it('with a provider who has none, or who is away', async () => {
    await keep(at, 'closed-without-a-file', await start(at, ADYEN, nextDate()), done('closed'));
    await at.system.sql(`INSERT INTO provider_account (id, merchant_id, mode, provider, base_url, settings)
      SELECT 'pa_away', merchant_id, mode, provider, 'http://127.0.0.1:1', settings FROM provider_account WHERE id = 'pa_demo_adyen'`);
    at.system.config.providerSecrets.pa_away = { apiKey: 'k', webhookSecret: 'AB'.repeat(32) };
    const id = await start(at, 'pa_away', nextDate());
    await closed(at, id);
    await keep(at, 'closed-though-the-provider-was-away', id, done('closed'));
  });
});

/** It has asked, and waits to ask again. */
const rests = ({ client }: Studio, id: string) =>
  waitFor(
    async () => {
      const { events } = await client.workflow.getHandle(id).fetchHistory();
      return (events ?? []).some(({ timerStartedEventAttributes: timer }) => timer);
    },
    { ...PATIENCE, what: `${id} to rest` },
  );
