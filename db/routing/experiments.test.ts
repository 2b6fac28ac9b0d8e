import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openTestDatabase } from '../../test/attack/support/rows.ts';
import { armsOf, type OwnedExperiment } from './experiments.ts';

/** What an experiment's test is fed with: every payment that its two versions decided, once it is decided. */
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.close());

let count = 0;
let experiment: OwnedExperiment;
beforeEach(() => {
  count += 1;
  experiment = {
    id: `rex_${count}`,
    merchantId: `mer_arms_${count}`,
    mode: 'test',
    controlVersion: 1,
    treatmentVersion: 2,
    percent: 50,
    status: 'running',
    options: {},
    looks: 0,
    actor: 'key:key_test',
    reason: 'a test',
    startedAtMs: Date.now() - 7 * 86_400_000,
    endsByMs: Date.now() + 86_400_000,
  };
});

interface Came {
  readonly status: string;
  /** `complete_by` and `created_at`, from now. */
  readonly by?: string;
  readonly made?: string;
  /** Columns of the first attempt; absent: nobody was asked. */
  readonly attempt?: { readonly status: string; readonly more?: Readonly<Record<string, string>> };
}

let payments = 0;
async function put(version: number, { status, by = '1 minute', made = '0 s', attempt }: Came): Promise<void> {
  payments += 1;
  const id = `pay_${String(payments)
    .padStart(26, 'a')
    .replaceAll(/[0189]/g, 'z')}${payments}`;
  const more = Object.entries(attempt?.more ?? {});
  const names = more.map(([name]) => `, ${name}`).join('');
  const values = more.map(([, value]) => `, ${value}`).join('');
  await database.sql(`BEGIN; SET LOCAL session_replication_role = replica;
    INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method,
      policy_version, complete_by, created_at, audit_head) VALUES ('${id}', '${experiment.merchantId}', 'test', '${status}', 1, 1,
      100, 'EUR', 'automatic', ${version}, now() + interval '${by}', now() + interval '${made}', 'x');
    ${
      attempt === undefined
        ? ''
        : `INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status${names})
           VALUES ('${id}_1', '${id}', 1, 'pa', 'stripe', '1', '${attempt.status}'${values});`
    }
    COMMIT`);
}

const treated = async (timeScale?: number) => (await armsOf(database.db, experiment, timeScale)).treatment;

describe('the arms of an experiment', () => {
  it.each<[string, Came]>([
    ['nobody could take', { status: 'failed' }],
    ['was canceled before anybody was asked', { status: 'canceled' }],
    ['went to a provider that was not reached', { status: 'succeeded', attempt: { status: 'errored' } }],
    ['was left at its challenge', { status: 'failed', attempt: { status: 'voided' } }],
    [
      'was declined at first, and approved elsewhere',
      {
        status: 'succeeded',
        attempt: { status: 'declined', more: { decline: `'{"reason":"do_not_honor"}'` } },
      },
    ],
    [
      'succeeded after we had gone on',
      { status: 'succeeded', attempt: { status: 'refunded', more: { undoing: 'true' } } },
    ],
    [
      'nobody knows of, an hour after its time',
      { status: 'processing', by: '-1 hour', attempt: { status: 'unknown' } },
    ],
    [
      'has no time of its own, and is open for two days',
      { status: 'processing', by: '9 years', made: '-2 days', attempt: { status: 'unknown' } },
    ],
  ])('count as lost a payment that %s', async (_what, came) => {
    await put(2, came);
    expect(await treated()).toEqual({ attempts: 1, successes: 0 });
  });

  it.each<[string, Came]>([
    ['is authorized', { status: 'requires_capture', attempt: { status: 'authorized' } }],
    ['is paid', { status: 'succeeded', attempt: { status: 'captured' } }],
    [
      'was approved and then voided',
      { status: 'canceled', attempt: { status: 'voided', more: { authorized_minor: '100' } } },
    ],
    [
      'waits for its capture since long',
      { status: 'requires_capture', by: '-2 days', attempt: { status: 'authorized' } },
    ],
  ])('count as won a payment that %s', async (_what, came) => {
    await put(2, came);
    expect(await treated()).toEqual({ attempts: 1, successes: 1 });
  });

  it.each<[string, Came]>([
    ['is asked about', { status: 'processing', attempt: { status: 'unknown' } }],
    ['is at its challenge', { status: 'requires_action', attempt: { status: 'requires_action' } }],
    [
      'has not been answered a minute after its time',
      { status: 'processing', by: '-1 minute', attempt: { status: 'unknown' } },
    ],
    ['waits for a person', { status: 'requires_review' }],
  ])('leave for the next look a payment that %s', async (_what, came) => {
    await put(2, came);
    expect(await treated()).toEqual({ attempts: 0, successes: 0 });
  });

  it('wait no longer than time itself where time is scaled', async () => {
    await put(2, { status: 'processing', by: '-1 minute', attempt: { status: 'unknown' } });
    expect(await treated(0.001)).toEqual({ attempts: 1, successes: 0 });
  });

  it('hold no payment from after its time: the control decides all of those', async () => {
    experiment = { ...experiment, endsByMs: Date.now() - 3_600_000 };
    const paid = { status: 'succeeded', attempt: { status: 'captured' } };
    await put(1, { ...paid, made: '-2 hours' });
    await put(1, paid);
    await put(1, { status: 'failed' });
    await put(2, { ...paid, made: '-2 hours' });
    expect(await armsOf(database.db, experiment)).toEqual({
      control: { attempts: 1, successes: 1 },
      treatment: { attempts: 1, successes: 1 },
    });
  });

  it('are told apart: a treatment that finds nobody does not look as good as its control', async () => {
    for (let each = 0; each < 3; each += 1) {
      await put(1, { status: 'succeeded', attempt: { status: 'captured' } });
      await put(2, {
        status: each === 0 ? 'succeeded' : 'failed',
        ...(each === 0 ? { attempt: { status: 'captured' } } : {}),
      });
    }
    await put(3, { status: 'failed' });
    expect(await armsOf(database.db, experiment)).toEqual({
      control: { attempts: 3, successes: 3 },
      treatment: { attempts: 3, successes: 1 },
    });
  });
});
