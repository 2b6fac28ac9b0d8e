import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { get, post } from '../test-support/harness.ts';
import { openPolicyDesk, type PolicyDesk, told } from './test-support/policy-desk.ts';

let desk: PolicyDesk;
beforeAll(async () => {
  desk = await openPolicyDesk();
});
afterAll(() => desk?.close());
beforeEach(() => desk.reset());

describe('the life of a policy', () => {
  it('goes from shadow to canary to active, and the one before is archived', async () => {
    const [first, second] = [await desk.saved('First'), await desk.saved('Second')];
    await desk.move(first, 'promote');
    expect((await desk.move(second, 'shadow')).body.status).toBe('shadow');
    expect((await desk.move(second, 'canary', { percent: 5 })).body).toMatchObject({
      status: 'canary',
      canary_percent: 5,
    });
    expect((await desk.move(second, 'canary', { percent: 25 })).body.canary_percent).toBe(25);
    const { body } = await desk.move(second, 'promote');
    expect([body.status, body.canary_percent]).toEqual(['active', null]);
    expect((await desk.read('active')).version).toBe(second);
    const before = await desk.read(first);
    expect(before.status).toBe('archived');
    expect(before.events.at(-1)).toMatchObject({ kind: 'displaced', from: 'active', to: 'archived' });
  });

  it('has one shadow and one canary: the other steps back and may be taken up again', async () => {
    const [first, second] = [await desk.saved(), await desk.saved()];
    await desk.move(first, 'canary', { percent: 5 });
    await desk.move(second, 'canary', { percent: 5 });
    expect((await desk.read(first)).status).toBe('validated');
    expect((await desk.move(first, 'shadow')).body.status).toBe('shadow');
  });

  it('ends with one active version where two are promoted at the same time', async () => {
    const versions = await Promise.all(Array.from({ length: 6 }, (_, at) => desk.saved(`Racer ${at}`)));
    const answers = await Promise.all(versions.map((version) => desk.move(version, 'promote')));
    expect(answers.map(({ status }) => status)).toEqual(versions.map(() => 200));
    const { rows } = await desk.api.sql.query(
      `SELECT version FROM routing_policy WHERE merchant_id = 'mer_a' AND status = 'active'`,
    );
    expect(rows).toHaveLength(1);
    const standing = await Promise.all(versions.map(async (version) => (await desk.read(version)).status));
    expect(standing.toSorted()).toEqual(['active', ...Array(5).fill('archived')]);
  });

  it('is moved once for a key, also where the repetition comes at the same time', async () => {
    const version = await desk.saved();
    const key = { idempotencyKey: `promote-${version}` };
    const answers = await Promise.all([1, 2, 3].map(() => desk.move(version, 'promote', {}, key)));
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(Array(3).fill([200, 'active']));
    const { events } = await desk.read(version);
    expect(events.filter(({ to }: { to: string }) => to === 'active')).toHaveLength(1);
  });

  it('rolls back in one call, and a second time further back', async () => {
    const [a, b, c] = [await desk.saved('A'), await desk.saved('B'), await desk.saved('C')];
    for (const version of [a, b, c]) await desk.move(version, 'promote');
    const back = await desk.rollBack();
    expect([back.status, back.body.version, back.body.status]).toEqual([200, b, 'active']);
    expect((await desk.read(b)).events.at(-1)).toMatchObject({
      kind: 'rolled_back',
      from: 'archived',
      to: 'active',
      reason: 'it went wrong',
    });
    expect((await desk.read(b)).document).toEqual((await desk.read(b)).document);
    expect((await desk.rollBack()).body.version).toBe(a);
    expect((await desk.rollBack({ version: c })).body.version).toBe(c);
    expect(told(await desk.rollBack({ version: c }))).toEqual([409, 'active_already']);
    expect(told(await desk.rollBack({ version: await desk.saved() }))).toEqual([409, 'was_never_active']);
  });

  it('keeps what was archived readable, and gives its word only to those whom it fits', async () => {
    const version = await desk.saved('Gone');
    expect((await desk.move(version, 'archive')).body.status).toBe('archived');
    const whole = await desk.read(version);
    expect([whole.status, whole.name]).toEqual(['archived', 'Gone']);
    expect(whole.source).toContain('name: Gone');
    const refused = await desk.move(version, 'promote');
    expect(told(refused)).toEqual([409, 'policy_not_movable']);
    expect(refused.body.error).toMatchObject({ status: 'archived', allowed: [] });
  });

  it('holds still while an experiment tries it, but for a roll-back', async () => {
    const [control, treatment] = [await desk.saved('Control'), await desk.saved('Treatment')];
    await desk.move(control, 'promote');
    const end = () =>
      desk.api.sql.query(
        `UPDATE routing_experiment SET status = 'out_of_time', ended_at = now() WHERE status = 'running'`,
      );
    await desk.api.sql.query(
      `INSERT INTO routing_experiment (id, merchant_id, mode, control_version, treatment_version, percent, actor, reason, ends_by)
       VALUES ('rex_moves', 'mer_a', 'test', $1, $2, 10, 'key:test', 'a test', now() + interval '1 day')`,
      [control, treatment],
    );
    const third = await desk.saved('Third');
    for (const answer of [
      await desk.move(third, 'promote'),
      await desk.move(third, 'canary', { percent: 5 }),
      await desk.move(treatment, 'archive'),
      await desk.move(treatment, 'shadow'),
    ])
      expect(told(answer)).toEqual([409, 'experiment_running']);
    expect((await desk.move(third, 'shadow')).status).toBe(200);
    expect((await desk.rollBack()).status).toBe(200);
    // Its control decides no longer, so there is nothing left to compare.
    expect((await desk.move(third, 'promote')).status).toBe(200);
    await end();
  });

  it('is not to be had by another merchant, nor by the other mode', async () => {
    const version = await desk.saved('Mine');
    for (const key of [desk.api.keys.b, desk.api.keys.aLive]) {
      expect((await get(desk.api, `/v1/routing/policies/${version}`, { key })).status).toBe(404);
      expect((await desk.move(version, 'promote', {}, { key })).status).toBe(404);
    }
    expect((await get(desk.api, '/v1/routing/policies', { key: desk.api.keys.b })).body.data).toEqual([]);
  });

  it('is listed newest first, in pages and by status', async () => {
    for (let at = 0; at < 3; at += 1) await desk.saved(`Page ${at}`);
    const first = (await get(desk.api, '/v1/routing/policies?limit=2')).body;
    expect(first.has_more).toBe(true);
    const rest = (await get(desk.api, `/v1/routing/policies?limit=2&starting_after=${first.data[1].version}`))
      .body;
    expect(rest.data[0].version).toBe(first.data[1].version - 1);
    const active = (await get(desk.api, '/v1/routing/policies?status=active')).body;
    expect(active.data.map(({ status }: { status: string }) => status)).toEqual(['active']);
  });

  it.each([
    ['canary', { percent: 0 }, 'percent'],
    ['canary', { percent: 100 }, 'percent'],
    ['canary', {}, 'percent'],
    ['promote', { reason: '' }, 'reason'],
  ])('%s with %j is refused by its parameter', async (word, body, param) => {
    const refused = await desk.move(await desk.saved(), word, body);
    expect([refused.status, refused.body.error.param]).toEqual([400, param]);
  });
});

describe('two-person approval', () => {
  const ACTIVE = { to: 'active' };
  const TEN = { to: 'canary', canary_percent: 10 };
  beforeEach(() => desk.api.sql.query(`UPDATE merchant SET routing_approval = true WHERE id = 'mer_a'`));

  it('proposes what would decide payments, until another key approves it', async () => {
    const version = await desk.saved('Four eyes');
    const { body } = await desk.move(version, 'promote', { reason: 'better for Brazil' });
    expect(body.status).toBe('validated');
    expect(body.proposal).toMatchObject({ to: 'active', by: body.author, reason: 'better for Brazil' });
    expect(told(await desk.move(version, 'approve', ACTIVE))).toEqual([403, 'second_person_required']);
    const approved = await desk.move(
      version,
      'approve',
      { ...ACTIVE, reason: 'looked at it' },
      { key: desk.other },
    );
    expect([approved.body.status, approved.body.proposal]).toEqual(['active', null]);
    expect((await desk.read(version)).events.at(-1)).toMatchObject({
      kind: 'approved',
      to: 'active',
      actor: 'key:key_second',
      proposed_by: body.author,
    });
  });

  it('lets its author not approve what another key has proposed', async () => {
    const version = await desk.saved();
    await desk.move(version, 'canary', { percent: 10 }, { key: desk.other });
    expect(told(await desk.move(version, 'approve', TEN))).toEqual([403, 'second_person_required']);
    expect(told(await desk.move(version, 'approve', TEN, { key: desk.other }))).toEqual([
      403,
      'second_person_required',
    ]);
    expect((await desk.move(version, 'reject')).body.proposal).toBeNull();
    expect(told(await desk.move(version, 'approve', TEN, { key: desk.other }))).toEqual([
      409,
      'nothing_proposed',
    ]);
  });

  it('approves what its approver read, and nothing that took its place', async () => {
    const version = await desk.saved();
    await desk.move(version, 'canary', { percent: 10 });
    await desk.move(version, 'canary', { percent: 90 });
    const approve = (body: object) => desk.move(version, 'approve', body, { key: desk.other });
    expect(told(await approve(TEN))).toEqual([409, 'proposal_changed']);
    expect(told(await approve(ACTIVE))).toEqual([409, 'proposal_changed']);
    expect((await approve({})).body.error.param).toBe('to');
    expect((await approve({ to: 'canary' })).body.error.param).toBe('canary_percent');
    expect((await approve({ to: 'canary', canary_percent: 90 })).body.canary_percent).toBe(90);
  });

  it('lets a version be tried that two agreed on, with that share, and once', async () => {
    const [control, treatment] = [await desk.saved('Control'), await desk.saved('Treatment')];
    await desk.move(control, 'promote');
    await desk.move(control, 'approve', ACTIVE, { key: desk.other });
    const start = (percent: number) =>
      post(desk.api, '/v1/routing/experiments', { treatment, percent, reason: 'a test' });
    const stop = async (id: string) =>
      post(desk.api, `/v1/routing/experiments/${id}/stop`, { reason: 'enough' });
    // That it was approved as a canary once says nothing of an experiment.
    await desk.move(treatment, 'canary', { percent: 10 });
    await desk.move(treatment, 'approve', TEN, { key: desk.other });
    await desk.move(treatment, 'withdraw');
    expect(told(await start(10))).toEqual([409, 'treatment_not_approved']);
    const agree = async () => {
      const { body } = await desk.move(treatment, 'experiment', { percent: 10 });
      expect([body.status, body.proposal.to]).toEqual(['validated', 'experiment']);
      const said = { to: 'experiment', canary_percent: 10 };
      expect(told(await desk.move(treatment, 'approve', said))).toEqual([403, 'second_person_required']);
      const agreed = await desk.move(treatment, 'approve', said, { key: desk.other });
      expect([agreed.body.status, agreed.body.proposal]).toEqual(['validated', null]);
    };
    await agree();
    expect(told(await start(11))).toEqual([409, 'treatment_not_approved']);
    await desk.move(treatment, 'shadow');
    expect(told(await start(10))).toEqual([409, 'treatment_not_validated']);
    await desk.move(treatment, 'withdraw');
    expect(told(await start(10))).toEqual([409, 'treatment_not_approved']);
    await agree();
    const { body: begun } = await start(10);
    expect(begun.status).toBe('running');
    await stop(begun.id);
    expect(told(await start(10))).toEqual([409, 'treatment_not_approved']);
  });

  it('is not asked for going back to what decided before, and for nothing older', async () => {
    const [a, b, c] = [await desk.saved('A'), await desk.saved('B'), await desk.saved('C')];
    for (const version of [a, b, c]) {
      await desk.move(version, 'promote');
      await desk.move(version, 'approve', ACTIVE, { key: desk.other });
    }
    expect(told(await desk.rollBack({ version: a }))).toEqual([409, 'only_one_back']);
    expect((await desk.rollBack({ version: b })).body).toMatchObject({ version: b, status: 'active' });
  });

  it('is not asked for a shadow, nor to go back', async () => {
    const version = await desk.saved();
    expect((await desk.move(version, 'shadow')).body.status).toBe('shadow');
    await desk.move(version, 'promote');
    await desk.move(version, 'approve', ACTIVE, { key: desk.other });
    expect((await desk.rollBack()).body.status).toBe('active');
  });

  it('may be given by an operator', async () => {
    const key = `iop_${'operator'.repeat(4)}`;
    await desk.api.sql.query(`INSERT INTO operator (id, name, digest) VALUES ('opr_carol', 'carol', $1)`, [
      desk.api.vault.keyedDigest(key),
    ]);
    const version = await desk.saved();
    await desk.move(version, 'promote');
    const path = `/v1/operator/routing/mer_a/test/policies/${version}/approve`;
    const approved = await post(desk.api, path, { ...ACTIVE, reason: 'asked for by phone' }, { key });
    expect([approved.status, approved.body.status]).toEqual([200, 'active']);
    expect((await desk.read(version)).events.at(-1).actor).toBe('operator:opr_carol');
  });
});
