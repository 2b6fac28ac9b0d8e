import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caseWorkflowId } from '../../domain/ids.ts';
import { waitFor } from '../support/harness.ts';
import { type Answer, freshKey, type System, startSystem } from '../support/system.ts';
import { caseRow, caseUntil, entriesOf, left, openCase, postedBy, taken } from './support/cases.ts';
import { exceptions } from './support/checks.ts';
import { type Operator, operatorOf } from './support/temporal.ts';

/** What people may decide about exceptions, what they may not, and what becomes of a case that is attacked meanwhile. */
let system: System;
let temporal: Operator;
beforeAll(async () => {
  system = await startSystem();
  temporal = await operatorOf(system);
});
afterAll(async () => {
  await temporal?.close();
  await system?.close();
});

type Name = 'alice' | 'bob';
interface Told {
  readonly body?: Record<string, unknown>;
  readonly who?: Name;
  readonly key?: string;
}

function tell(
  id: string,
  command: string,
  { body = {}, who = 'alice', key = freshKey() }: Told = {},
): Promise<Answer> {
  return system.request('POST', `/v1/exceptions/${id}/${command}`, {
    key,
    apiKey: system.operatorKeys[who],
    body: { reason: 'ticket 4711', ...body },
  });
}

function bulk(body: Record<string, unknown>, key = freshKey()): Promise<Answer> {
  const apiKey = system.operatorKeys.alice;
  return system.request('POST', '/v1/exceptions/bulk', {
    key,
    apiKey,
    body: { reason: 'one cause', ...body },
  });
}

/** What was not answered in time is told again, under the same key: as the answer says. */
function allAnswered(send: () => Promise<Answer>): Promise<Answer> {
  return waitFor(
    async () => {
      const answer = await send();
      return answer.body.unknown === 0 ? answer : undefined;
    },
    { what: 'every case to have answered', timeoutMs: 50_000 },
  );
}

function view(path: string): Promise<Answer> {
  return system.request('GET', `/v1/exceptions${path}`, { apiKey: system.operatorKeys.alice });
}

const codeOf = ({ status, body }: Answer) => [status, body.error?.code];
const statusOf = async (id: string) =>
  (await temporal.client.workflow.getHandle(caseWorkflowId(id)).describe()).status.name;

const accept = { disposition: 'accept' };

describe('a case above the limit', () => {
  it('is found by the sweeper, given its clock, and ended by two people, to the cent', async () => {
    const id = await openCase(system, { amountMinor: 25_000, suspendedMinor: 25_000 });
    const row = await taken(system, id);
    // 72 hours, scaled.
    expect((row.due_at?.getTime() ?? 0) - row.opened_at.getTime()).toBe(72 * 3_600_000 * 0.005);
    expect(codeOf(await tell(id, 'dispose', { body: accept }))).toEqual([403, 'second_operator_required']);
    const key = freshKey();
    const proposed = await tell(id, 'propose', { body: accept, key });
    expect(proposed.body).toMatchObject({ status: 'proposed', decision: { proposed_by: 'opr_alice' } });
    const again = await tell(id, 'propose', { body: accept, key });
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    expect(codeOf(await tell(id, 'propose', { body: { disposition: 'write_off' }, key }))).toEqual([
      422,
      'idempotency_key_reused',
    ]);
    const alone = await tell(id, 'approve');
    expect(codeOf(alone)).toEqual([403, 'second_operator_required']);
    const refused = await system.sql('SELECT operator_id, code FROM operator_refusal WHERE request_id = $1', [
      alone.body.error.request_id,
    ]);
    expect(refused).toEqual([{ operator_id: 'opr_alice', code: 'second_operator_required' }]);
    const approved = await tell(id, 'approve', { who: 'bob' });
    expect(approved.body).toMatchObject({
      status: 'resolved',
      resolution: 'accept by opr_bob and opr_alice: ticket 4711',
      decision: { status: 'carried_out', ledger_transaction: `lt_case_${id}_1` },
    });
    expect(await postedBy(system, id)).toEqual({
      'suspense/mer_demo': -25_000,
      'merchant_payable/mer_demo': 25_000,
    });
    expect(await entriesOf(system, id)).toEqual([
      'opened by case',
      'proposed by operator:opr_alice',
      'approved by operator:opr_bob',
    ]);
    await left(system, id);
    await waitFor(async () => (await statusOf(id)) === 'COMPLETED', { what: 'its workflow to end' });
    expect(codeOf(await tell(id, 'approve', { who: 'bob' }))).toEqual([409, 'case_resolved']);
  });

  it('that is approved by many at once is carried out once', async () => {
    const id = await openCase(system, { amountMinor: 300, suspendedMinor: 300 });
    await tell(id, 'propose', { body: accept });
    const answers = await Promise.all(Array.from({ length: 8 }, () => tell(id, 'approve', { who: 'bob' })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.error?.code === 'case_resolved')).toHaveLength(7);
    expect(await postedBy(system, id)).toEqual({
      'suspense/mer_demo': -300,
      'merchant_payable/mer_demo': 300,
    });
  });
});

describe('one person', () => {
  it('ends a small case at once, before its workflow was ever started', async () => {
    const id = await openCase(system, { amountMinor: 100, suspendedMinor: 100 });
    const disposed = await tell(id, 'dispose', { body: { disposition: 'write_off' } });
    expect(disposed.body).toMatchObject({ status: 'resolved', due_at: expect.any(String) });
    expect(await postedBy(system, id)).toEqual({
      'suspense/mer_demo': -100,
      'fees/other/pa_demo_adyen': 100,
    });
    expect(await entriesOf(system, id)).toEqual(['opened by case', 'disposed by operator:opr_alice']);
  });

  it('cannot write off more than the limit, nor with another’s approval', async () => {
    const id = await openCase(system, { amountMinor: 100, suspendedMinor: 1_001 });
    expect(codeOf(await tell(id, 'propose', { body: { disposition: 'write_off' } }))).toEqual([
      409,
      'write_off_limit_exceeded',
    ]);
    await system.sql(
      `UPDATE merchant SET case_limits = '{"write_off": {"EUR": 2000}, "four_eyes": {"EUR": 99}}'`,
    );
    expect((await tell(id, 'propose', { body: { disposition: 'write_off' } })).status).toBe(200);
    expect(codeOf(await tell(id, 'approve'))).toEqual([403, 'second_operator_required']);
    await system.sql(`UPDATE merchant SET case_limits = '{}'`);
  });

  it('assigns, comments and rejects; what is wrong is refused by its rule', async () => {
    const id = await openCase(system);
    expect((await tell(id, 'assign', { body: { owner: 'me' } })).body.owner).toBe('opr_alice');
    expect(codeOf(await tell(id, 'assign', { body: { owner: 'opr_mallory' } }))).toEqual([
      409,
      'operator_unknown',
    ]);
    expect((await tell(id, 'comment')).status).toBe(200);
    expect(codeOf(await tell(id, 'approve'))).toEqual([409, 'nothing_proposed']);
    expect((await tell(id, 'propose', { body: accept })).body.status).toBe('proposed');
    expect(codeOf(await tell(id, 'propose', { body: accept }))).toEqual([409, 'proposal_pending']);
    expect((await tell(id, 'reject', { who: 'bob' })).body).toMatchObject({ status: 'open', decision: null });
    expect(codeOf(await tell(id, 'propose', { body: { disposition: 'ignore' } }))).toEqual([
      409,
      'disposition_not_allowed',
    ]);
    expect(
      codeOf(await tell(id, 'propose', { body: { disposition: 'link', target: 'pay_nobody' } })),
    ).toEqual([409, 'target_unknown']);
    expect(codeOf(await tell(id, 'propose', { body: { disposition: 'burn' } }))).toEqual([
      400,
      'parameter_invalid',
    ]);
    expect(codeOf(await tell('exc_nothing_at_all', 'comment'))).toEqual([404, 'resource_missing']);
    const { body } = await view(`/${id}`);
    expect(body.entries.map(({ action }: { action: string }) => action)).toEqual([
      'opened',
      'assigned',
      'commented',
      'proposed',
      'rejected',
    ]);
  });

  it('with a merchant’s key may do nothing', async () => {
    const id = await openCase(system);
    expect(codeOf(await system.request('GET', `/v1/exceptions/${id}`))).toEqual([
      403,
      'operator_key_required',
    ]);
    const told = await system.request('POST', `/v1/exceptions/${id}/comment`, {
      key: freshKey(),
      body: { reason: 'let me' },
    });
    expect(codeOf(told)).toEqual([403, 'operator_key_required']);
  });
});

describe('a case', () => {
  it('that is explained by others ends, and says so', async () => {
    const id = await openCase(system);
    await taken(system, id);
    await tell(id, 'propose', { body: accept });
    await system.sql(`UPDATE exception SET closed_at = now(), resolution = 'the line came' WHERE id = $1`, [
      id,
    ]);
    await left(system, id);
    expect((await entriesOf(system, id)).at(-1)).toBe('explained by case');
    expect(codeOf(await tell(id, 'approve', { who: 'bob' }))).toEqual([409, 'case_resolved']);
    expect(await postedBy(system, id)).toEqual({});
  });

  it('that is seen again is open again, with a clean table and a clock of its own', async () => {
    const id = await openCase(system, { suspendedMinor: 200, amountMinor: 200 });
    await tell(id, 'dispose', { body: accept });
    await left(system, id);
    await system.sql('UPDATE exception SET closed_at = NULL, resolution = NULL WHERE id = $1', [id]);
    const row = await caseUntil(system, id, 'open again', ({ opened_count: count }) => count === 2);
    expect(row).toMatchObject({ disposition: null, escalations: 0 });
    expect(row.due_at?.getTime()).toBeGreaterThan(row.opened_at.getTime() + 72 * 3_600_000 * 0.005);
    // Its money has left suspense with the first decision: the second one moves nothing more.
    await tell(id, 'dispose', { body: { disposition: 'claim_from_provider' } });
    expect(await postedBy(system, id)).toEqual({
      'suspense/mer_demo': -200,
      'merchant_payable/mer_demo': 200,
    });
  });

  it('tells the next level when its time has come, and the highest when it is found late', async () => {
    const slaMs = 72 * 3_600_000 * 0.005;
    const soon = await openCase(system, { agoMs: slaMs / 2 - 8_000 });
    await caseUntil(system, soon, 'escalated', ({ escalations }) => escalations === 1);
    expect(await entriesOf(system, soon)).toEqual(['opened by case', 'escalated by clock']);
    const late = await openCase(system, { agoMs: 3 * slaMs });
    await caseUntil(system, late, 'escalated', ({ escalations }) => escalations === 3);
    expect(await entriesOf(system, late)).toEqual(['opened by case', 'escalated by clock']);
    const { body } = await view(`?overdue=true&limit=100`);
    const ids = body.data.map((each: { id: string }) => each.id);
    expect([ids.includes(late), ids.includes(soon)]).toEqual([true, false]);
  });

  it('whose workflow is terminated is taken up again, with what was proposed', async () => {
    const id = await openCase(system);
    await tell(id, 'propose', { body: accept });
    await temporal.client.workflow.getHandle(caseWorkflowId(id)).terminate('an operator in error');
    await waitFor(async () => (await statusOf(id)) === 'RUNNING', {
      what: 'its next workflow',
      timeoutMs: 30_000,
    });
    expect((await tell(id, 'approve', { who: 'bob' })).body.status).toBe('resolved');
    expect(await caseRow(system, id)).toMatchObject({ opened_count: 1 });
  });

  it('that is reset to its start neither posts nor speaks twice', async () => {
    const id = await openCase(system, { suspendedMinor: 400, amountMinor: 400 });
    await taken(system, id);
    await tell(id, 'propose', { body: accept });
    await tell(id, 'approve', { who: 'bob' });
    await left(system, id);
    const before = await entriesOf(system, id);
    const { events } = await temporal.client.workflow.getHandle(caseWorkflowId(id)).fetchHistory();
    const first = events?.find((event) => event.workflowTaskStartedEventAttributes);
    await temporal.client.workflowService.resetWorkflowExecution({
      namespace: system.config.temporal.namespace,
      workflowExecution: { workflowId: caseWorkflowId(id) },
      reason: 'an operator in error',
      workflowTaskFinishEventId: Number(first?.eventId) + 1,
      requestId: freshKey(),
    } as never);
    await waitFor(async () => (await statusOf(id)) === 'COMPLETED', {
      what: 'the reset one to end',
      timeoutMs: 30_000,
    });
    expect(await entriesOf(system, id)).toEqual(before);
    expect(await postedBy(system, id)).toEqual({
      'suspense/mer_demo': -400,
      'merchant_payable/mer_demo': 400,
    });
  });
});

describe('many at once', () => {
  it('of one cause are told by one command, each judged by itself; its repetition is about the same ones', async () => {
    const cause = `batch ${freshKey()}`;
    const small = await Promise.all(
      Array.from({ length: 40 }, () => openCase(system, { cause, suspendedMinor: 10, amountMinor: 10 })),
    );
    const big = await openCase(system, { cause, amountMinor: 20_000 });
    await openCase(system, { cause: 'another' });
    const key = freshKey();
    const command = { action: 'dispose', kind: 'amount_under', cause, disposition: 'write_off' };
    const answer = await allAnswered(() => bulk(command, key));
    expect(answer.body).toMatchObject({ done: 40, refused: 1, unknown: 0, has_more: false });
    const refused = answer.body.data.filter(({ result }: { result: string }) => result === 'refused');
    expect(refused).toEqual([
      {
        id: big,
        result: 'refused',
        status: 'open',
        error: { code: 'write_off_limit_exceeded', message: expect.any(String) },
      },
    ]);
    for (const id of small) expect((await caseRow(system, id)).closed_at).not.toBeNull();
    const late = await openCase(system, { cause });
    const again = await allAnswered(() => bulk(command, key));
    expect(again.body.data).toEqual(answer.body.data);
    expect((await caseRow(system, late)).closed_at).toBeNull();
    const rows = await system.sql('SELECT code FROM operator_refusal WHERE path = $1', [
      `/v1/exceptions/${big}/dispose`,
    ]);
    expect(rows).toEqual([{ code: 'write_off_limit_exceeded' }]);
    expect(codeOf(await bulk({ ...command, cause: 'another' }, key))).toEqual([
      422,
      'idempotency_key_reused',
    ]);
  });

  it('of a kind go on after one that was told before', async () => {
    const cause = `pages ${freshKey()}`;
    const told = await openCase(system, { cause, agoMs: 2_000 });
    const next = await openCase(system, { cause, agoMs: 1_000 });
    const command = { action: 'comment', kind: 'amount_under', cause, starting_after: told };
    const { body } = await allAnswered(() => bulk(command));
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([next]);
    expect(codeOf(await bulk({ ...command, starting_after: 'exc_not_there' }))).toEqual([
      400,
      'parameter_invalid',
    ]);
  });

  it('by ids, with those that are not there', async () => {
    const id = await openCase(system);
    const { body } = await bulk({ action: 'comment', ids: [id, 'exc_nothing_at_all', id] });
    expect(
      body.data.map((each: { result: string; error: { code: string } | null }) => [
        each.result,
        each.error?.code,
      ]),
    ).toEqual([
      ['done', undefined],
      ['refused', 'resource_missing'],
    ]);
    expect(codeOf(await bulk({ action: 'comment' }))).toEqual([400, 'parameter_invalid']);
    expect(codeOf(await bulk({ action: 'comment', ids: [id], starting_after: id }))).toEqual([
      400,
      'parameter_invalid',
    ]);
    expect(codeOf(await bulk({ action: 'propose', ids: [id] }))).toEqual([400, 'parameter_invalid']);
  });
});

describe('a refund that somebody made at the provider', () => {
  it('no longer stays open for ever: it is accepted, in a case that knows its amount', async () => {
    const { body: paid } = await system.pay({
      amount: 30_000,
      currency: 'USD',
      payment_method: await system.card(),
    });
    const [intent] = (await system.journal('stripe', paid.id)).filter(
      ({ effect }) => effect === 'authorized',
    );
    const response = await fetch(`${system.providerUrls.stripe}/v1/refunds`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${system.config.providerSecrets.pa_demo_stripe?.apiKey}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ payment_intent: intent?.providerReference ?? '', amount: '12000' }),
    });
    expect(response.status).toBe(200);
    await waitFor(async () => (await exceptions(system, paid.id)).includes('external_refund'), {
      what: 'the exception',
    });
    const found = await waitFor(
      async () => {
        const { body } = await view(`?payment=${paid.id}&kind=external_refund`);
        return body.data[0]?.due_at === null ? undefined : body.data[0];
      },
      { what: 'its case to be taken', timeoutMs: 30_000 },
    );
    expect(found).toMatchObject({ amount: 12_000, currency: 'USD', merchant: 'mer_demo', payment: paid.id });
    expect((await tell(found.id, 'propose', { body: accept })).status).toBe(200);
    expect((await tell(found.id, 'approve', { who: 'bob' })).body.status).toBe('resolved');
    expect(await exceptions(system, paid.id)).toEqual([]);
  });
});

describe('the list and the figures', () => {
  it('filter, page and count', async () => {
    const cause = `paged ${freshKey()}`;
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1)
      ids.push(await openCase(system, { cause, kind: 'duplicate_line', agoMs: 1_000 - made }));
    await tell(ids[0] ?? '', 'propose', { body: accept });
    const query = `?kind=duplicate_line&cause=${encodeURIComponent(cause)}`;
    const first = await view(`${query}&limit=3`);
    expect([first.body.data.map((each: { id: string }) => each.id), first.body.has_more]).toEqual([
      ids.slice(0, 3),
      true,
    ]);
    const second = await view(`${query}&limit=3&starting_after=${ids[2]}`);
    expect([second.body.data.map((each: { id: string }) => each.id), second.body.has_more]).toEqual([
      ids.slice(3),
      false,
    ]);
    expect((await view(`${query}&status=proposed`)).body.data).toHaveLength(1);
    expect(
      (await view(`${query}&status=unresolved&owner=none&account=pa_demo_adyen&limit=100`)).body.data,
    ).toHaveLength(5);
    expect((await view(`${query}&min_age_hours=1`)).body.data).toEqual([]);
    expect(codeOf(await view('?starting_after=exc_nothing_at_all'))).toEqual([400, 'parameter_invalid']);
    const late = await openCase(system, { kind: 'fee_variance', agoMs: 120 * 3_600_000 });
    await taken(system, late);
    await tell(await openCase(system), 'dispose', { body: accept });
    const { body } = await view('/figures?days=30');
    const ofKind = body.open.filter((each: { kind: string }) => each.kind === 'duplicate_line');
    expect(ofKind).toEqual([{ kind: 'duplicate_line', age: 'under_1d', count: 5, escalated: 0 }]);
    expect(body.opened).toBeGreaterThanOrEqual(body.open_total);
    expect(body.resolved_by_people).toBeGreaterThan(0);
    expect(body.overdue).toBeGreaterThan(0);
    expect(body.sla_breaches).toBeGreaterThan(0);
  });
});
