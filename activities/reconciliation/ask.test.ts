import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lookAfterCase } from '../../db/cases/look-after.ts';
import { noteAsked, openQuestions } from '../../db/reconciliation/asks.ts';
import { refreshBookings } from '../../db/reconciliation/index.ts';
import { ACCOUNT, DATE, type Day, openDay, startDay } from '../../db/reconciliation/test-support/day.ts';
import { charged, sale } from '../../db/reconciliation/test-support/payments.ts';
import { mustRecordRefund, refunded, stepUpon } from '../../db/refunds/test-support/rows.ts';
import { decideExternalRefund } from '../../domain/payment/decide.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Payment } from '../../domain/payment/payment.ts';
import { transitionOf } from '../../domain/payment/transition.ts';
import type { LookupRequest, LookupResult } from '../../providers/provider.ts';
import { entriesOf } from '../../test/attack/support/cases.ts';
import { mustRecord } from '../../test/attack/support/rows.ts';
import type { Dependencies } from '../dependencies.ts';
import { createAskProvider, type ProviderAsked } from './ask.ts';

/** Open cases that wait for the provider's word, each asked about once a day, against real rows. */
let day: Day;
let asked: LookupRequest[];
let told: string[];
beforeAll(async () => {
  day = await openDay();
});
afterAll(() => day?.close());
beforeEach(async () => {
  asked = [];
  told = [];
  await day.database.sql('UPDATE exception SET closed_at = now() WHERE closed_at IS NULL');
});

type Lookup = (request: LookupRequest) => LookupResult;
const found = (outcome: OperationOutcome): LookupResult => ({ type: 'found', outcome });
const AS_BOOKED: Lookup = ({ providerReference = '', amountMinor, currency, kind }) =>
  found(
    kind === 'refund'
      ? { type: 'refunded', providerReference: 're', amountMinor }
      : { type: 'captured', providerReference, amountMinor, currency },
  );
const AWAY: Lookup = () => ({ type: 'failed', detail: 'http_503' });

async function ask(lookup: Lookup | undefined, date = DATE): Promise<ProviderAsked> {
  await startDay(day, date);
  const connection =
    lookup === undefined
      ? {}
      : {
          async lookup(request: LookupRequest) {
            asked.push(request);
            return lookup(request);
          },
        };
  const deps = {
    db: day.database.db,
    providers: { named: () => ({}), connection: () => connection },
    door: {
      async news(ownerId: string) {
        told.push(ownerId);
      },
    },
    settings: { timeScale: 1, providerDeadlineMs: 2_000 },
  } as unknown as Dependencies;
  const order = { accountId: ACCOUNT, businessDate: date };
  return (await new MockActivityEnvironment().run(createAskProvider(deps), order)) as ProviderAsked;
}

let named = 0;
const nextName = () => {
  named += 1;
  return `pi_asked_${named}`;
};

async function booked(): Promise<Payment> {
  const payment = await sale(day, charged(nextName()));
  await refreshBookings(day.pool, await startDay(day));
  return payment;
}

const attemptOf = (payment: Payment) => payment.attempts[0] ?? expect.fail('an attempt');

async function openCase(kind: string, subject: string, action = 'ask_provider'): Promise<string> {
  const id = `exc_${kind}_${subject}`;
  const [fileId, line] = subject.split(':');
  const isLine = line !== undefined;
  await day.database.sql(
    `INSERT INTO exception (id, kind, subject_id, merchant_id, account_id, file_id, line, summary, details)
     VALUES ($1, $2, $3, 'mer_demo', $4, $5, $6, 'missing', $7)`,
    [id, kind, subject, ACCOUNT, isLine ? fileId : null, isLine ? Number(line) : null, { action }],
  );
  return id;
}

/** A case about a sale that no file has. */
async function overdue(): Promise<{ readonly id: string; readonly payment: Payment }> {
  const payment = await booked();
  return { payment, id: await openCase('missing_in_file_overdue', attemptOf(payment).id) };
}

const contentOf = async (id: string) =>
  (
    await day.database.sql<{ content: Record<string, unknown> }>(
      `SELECT content FROM exception_entry WHERE exception_id = $1 AND action = 'asked' ORDER BY id`,
      [id],
    )
  ).map(({ content }) => content);

describe('a booking that no file has', () => {
  it('is asked about by our reference, and its case keeps what the provider says', async () => {
    const { id, payment } = await overdue();
    const { id: attemptId, providerReference } = attemptOf(payment);
    expect(await ask(AS_BOOKED)).toEqual({ said: '1 as we have it; 0 letters', asked: 1, letters: 0 });
    expect(asked).toEqual([
      {
        kind: 'sale',
        reference: attemptId,
        authorizationReference: attemptId,
        providerReference,
        amountMinor: 1_000,
        currency: 'USD',
      },
    ]);
    expect(await contentOf(id)).toMatchObject([{ answer: 'as_booked', business_date: DATE }]);
    const [observed] = await day.database.sql<{ source: string }>(
      'SELECT source FROM observation WHERE payment_id = $1 ORDER BY id DESC LIMIT 1',
      [payment.id],
    );
    expect(observed?.source).toBe('reconciliation');
    expect(told).toEqual([]);
  });

  it('is asked about once a day, and again on the next', async () => {
    const { id } = await overdue();
    await ask(AS_BOOKED);
    expect((await ask(AS_BOOKED)).said).toBe('nothing to ask');
    await ask(AS_BOOKED, '2026-11-21');
    expect((await contentOf(id)).map(({ business_date: date }) => date)).toEqual([DATE, '2026-11-21']);
  });

  it('of which the provider says otherwise is news to its payment, once', async () => {
    const { id, payment } = await overdue();
    const voided: Lookup = () => found({ type: 'voided', providerReference: 'pi' });
    expect(await ask(voided)).toMatchObject({ said: '1 otherwise; 1 letter', letters: 1 });
    expect(told).toEqual([payment.id]);
    const letters = await day.database.sql<{ event_type: string; reference: string; evidence: object }>(
      'SELECT event_type, reference, evidence FROM inbox WHERE owner_id = $1',
      [payment.id],
    );
    expect(letters).toMatchObject([
      { event_type: 'settlement.asked', reference: attemptOf(payment).id, evidence: { kind: 'authorize' } },
    ]);
    expect(await contentOf(id)).toMatchObject([{ answer: 'otherwise', said: { outcome: 'voided' } }]);
  });

  it('is written to once, also where the worker died between letter and entry', async () => {
    const { id, payment } = await overdue();
    const voided: Lookup = () => found({ type: 'voided', providerReference: 'pi' });
    await ask(voided);
    // As it stood before its entry was written; only the schema's owner can take one away.
    await day.database.sql('ALTER TABLE exception_entry DISABLE TRIGGER USER');
    await day.database.sql('DELETE FROM exception_entry WHERE exception_id = $1', [id]);
    await day.database.sql('ALTER TABLE exception_entry ENABLE TRIGGER USER');
    expect(await ask(voided)).toMatchObject({ asked: 1, letters: 0 });
    expect(await contentOf(id)).toHaveLength(1);
    expect(await day.database.sql('SELECT 1 FROM inbox WHERE owner_id = $1', [payment.id])).toHaveLength(1);
  });

  it('that is not found is noted, and nobody is told', async () => {
    const { id } = await overdue();
    await ask(() => ({ type: 'not_found' }));
    expect(await contentOf(id)).toMatchObject([{ answer: 'not_found' }]);
    expect(told).toEqual([]);
  });

  it('is asked about again by a later run where the question failed', async () => {
    const { id } = await overdue();
    expect((await ask(AWAY)).said).toBe('1 failed; 0 letters');
    expect(await contentOf(id)).toEqual([]);
    await ask(AS_BOOKED);
    expect(await contentOf(id)).toHaveLength(1);
  });

  it('is left alone once its case is closed, or where nobody is to ask', async () => {
    const { id } = await overdue();
    await day.database.sql('UPDATE exception SET closed_at = now() WHERE id = $1', [id]);
    await openCase('missing_in_file_overdue', attemptOf(await booked()).id, 'wait');
    expect((await ask(AS_BOOKED)).said).toBe('nothing to ask');
    const heard = { exceptionId: id, reason: 'late', content: {} };
    expect(await noteAsked(day.database.db, await startDay(day), heard)).toBe(false);
  });
});

describe('a refund that no file has', () => {
  it('is asked about by its own operation, and its refund hears that it failed', async () => {
    const payment = await sale(day, charged(nextName()));
    const order = await refunded(day.database, payment, { amountMinor: 300 });
    const made: OperationOutcome = { type: 'refunded', providerReference: 're_asked', amountMinor: 300 };
    const refund = await mustRecordRefund(day.database, stepUpon(order, made));
    await refreshBookings(day.pool, await startDay(day));
    const operationId = refund.operations.at(-1)?.id ?? '';
    await openCase('refund_not_settled', operationId);
    const decline = { reason: 'processing_error' as const, providerCode: 'x', message: 'no' };
    await ask(() => found({ type: 'declined', decline, providerReference: 're_asked' }));
    expect(asked).toMatchObject([{ kind: 'refund', reference: operationId, amountMinor: 300 }]);
    expect(told).toEqual([refund.id]);
  });

  it('that others made has no operation of ours, so nobody can ask', async () => {
    const payment = await sale(day, charged(nextName()));
    const outside = { providerReference: 're_theirs', amountMinor: 250 };
    const decision = decideExternalRefund(payment, attemptOf(payment).id, outside);
    if (decision === undefined) throw new Error('nothing was decided');
    const trigger = { type: 'news', actor: 'test' };
    await mustRecord(day.database.db, transitionOf(payment, decision, trigger, Date.now()));
    await refreshBookings(day.pool, await startDay(day));
    const [booking] = await day.database.sql<{ id: string }>(
      `SELECT id FROM booking WHERE payment_id = $1 AND kind = 'refund'`,
      [payment.id],
    );
    await openCase('refund_not_settled', booking?.id ?? '');
    expect(await ask(AS_BOOKED)).toMatchObject({ said: '1 case cannot be asked about', asked: 0 });
  });
});

describe('a line that nobody here knows', () => {
  async function stray(line: number, merchantReference: string | null): Promise<string> {
    await day.database.sql(
      `INSERT INTO settlement_file (id, account_id, business_date, format, source, name, sha256, size_bytes, content_id)
       VALUES ('sf_stray', $1, $2, 'test', 'uploaded', 'a', 'a', 1, 'a') ON CONFLICT DO NOTHING`,
      [ACCOUNT, DATE],
    );
    await day.database.sql(
      `INSERT INTO settlement_row (file_id, line, account_id, type, provider_type, currency, gross_minor, settlement_currency,
         fee_minor, net_minor, occurred_at, provider_reference, merchant_reference)
       VALUES ('sf_stray', $1, $2, 'capture', 'charge', 'USD', 1000, 'USD', 0, 1000, now(), 'pi_stray', $3)`,
      [line, ACCOUNT, merchantReference],
    );
    return openCase('missing_in_ledger', `sf_stray:${line}`);
  }

  it('is asked about where the provider names both sides, and told to nobody', async () => {
    const id = await stray(1, 'theirs');
    await stray(2, null);
    const said = await ask(() => found({ type: 'voided', providerReference: 'pi_stray' }));
    expect(said.said).toBe('1 otherwise, 1 cannot be asked about; 0 letters');
    expect(asked).toMatchObject([{ reference: 'theirs', providerReference: 'pi_stray' }]);
    expect(await contentOf(id)).toMatchObject([{ answer: 'otherwise', provider_reference: 'pi_stray' }]);
    expect(told).toEqual([]);
  });
});

describe('many questions', () => {
  it('are put to a provider who can be asked, and left where it is away', async () => {
    for (let each = 0; each < 20; each += 1) await overdue();
    expect(await ask(undefined)).toMatchObject({ said: '20 cases cannot be asked about', asked: 0 });
    expect((await ask(AWAY)).said).toMatch(/^\d+ failed, given up for now; 0 letters$/);
    expect(asked.length).toBeLessThan(20);
  });

  it('come in their turn: first those never asked, then the oldest', async () => {
    const cases = [await overdue(), await overdue(), await overdue()].map(({ id }) => id);
    const [first, second, third] = cases;
    const run = await startDay(day);
    await noteAsked(day.database.db, run, { exceptionId: first ?? '', reason: 'before', content: {} });
    const next = await startDay(day, '2026-11-21');
    const { questions, later } = await openQuestions(day.database.db, next, 2);
    expect(questions.map(({ exceptionId }) => exceptionId)).toEqual([second, third]);
    expect(later).toBe(1);
  });
});

it('leaves a case’s first opening to whoever takes it', async () => {
  const { id } = await overdue();
  await ask(AS_BOOKED);
  expect(await lookAfterCase(day.database.db, id, 1)).toMatchObject({
    type: 'here',
    file: { openedCount: 1 },
  });
  expect(await entriesOf(day.database, id)).toEqual(['asked by reconciliation', 'opened by case']);
});
