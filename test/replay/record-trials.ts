/**
 * Has policies held against the past, and against each other, and stores their workflows' histories in
 * workflows/backtest/histories/ and workflows/experiment/histories/. Run by
 * `npx vitest run --config test/replay/record.config.ts record-trials`.
 */
import { beforeAll, describe, it } from 'vitest';
import { backtestWorkflowId } from '../../client/backtests.ts';
import { experimentWorkflowId } from '../../client/experiments.ts';
import { waitFor } from '../support/harness.ts';
import { freshKey } from '../support/system.ts';
import { clearHistories, closed, done, keep, PATIENCE, paid, studio, waiting } from './studio.ts';

beforeAll(() => {
  clearHistories('backtest');
  clearHistories('experiment');
});

const REASON = { reason: 'a recording' };
const textOf = (order: string) =>
  `format: interlock/routing@1\nname: ${order}\nrules: []\notherwise: { choose: { order: [${order}] } }\n`;

describe('trials', () => {
  const at = studio({ timeScale: 0.001 });

  async function post(path: string, body: object) {
    const answer = await at.system.request('POST', path, { key: freshKey(), body });
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  const begun = async (): Promise<string> =>
    (await post('/v1/routing/backtests', { source: textOf('adyen, stripe') })).id;

  /** A row whose first workflow has ended, still running: so that another can be watched from its beginning. */
  async function again(id: string): Promise<void> {
    await closed(at, backtestWorkflowId(id));
    await at.system.sql('ALTER TABLE routing_backtest DISABLE TRIGGER routing_backtest_guard');
    await at.system.sql(
      `UPDATE routing_backtest SET status = 'running', ended_at = NULL, result = NULL, read = 0, cursor = NULL, tally = NULL
       WHERE id = $1`,
      [id],
    );
    await at.system.sql('ALTER TABLE routing_backtest ENABLE TRIGGER routing_backtest_guard');
  }

  const start = (type: string, workflowId: string, input: object) =>
    at.client.workflow.start(type, {
      taskQueue: at.system.config.temporal.taskQueue,
      workflowId,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });

  it('back-tests', async () => {
    await paid(at, 'USD');
    const whole = await begun();
    await keep(at, 'completed-at-once', backtestWorkflowId(whole), done('completed'));
    const parts = await begun();
    await again(parts);
    await start('backtest', backtestWorkflowId(parts), { backtestId: parts, pagesAnActivity: 1 });
    await keep(at, 'completed-in-parts', backtestWorkflowId(parts), done('completed'));
    const runs = await begun();
    await again(runs);
    const input = { backtestId: runs, pagesAnActivity: 1, activitiesARun: 1 };
    const { firstExecutionRunId: runId } = await start('backtest', backtestWorkflowId(runs), input);
    await keep(at, 'continued-as-new', backtestWorkflowId(runs), { ...done('continued'), runId });
    const canceled = await begun();
    await again(canceled);
    await post(`/v1/routing/backtests/${canceled}/cancel`, {});
    await start('backtest', backtestWorkflowId(canceled), { backtestId: canceled });
    await keep(at, 'ended-when-canceled', backtestWorkflowId(canceled), done('ended'));
  });

  /** Enough to tell the two apart. */
  async function happened(id: string): Promise<void> {
    for (const [side, approved] of [
      ['control', 0],
      ['treatment', 200],
    ] as const) {
      const body = `lpad(translate(to_hex(i), '0189', 'xyzw'), 26, '${side === 'control' ? 'q' : 'r'}')`;
      const version = `(SELECT ${side}_version FROM routing_experiment WHERE id = '${id}')`;
      await at.system.sql(`BEGIN; SET LOCAL session_replication_role = replica;
        INSERT INTO payment (id, merchant_id, mode, status, sequence, generation, amount_minor, currency, capture_method,
          policy_version, complete_by, audit_head) SELECT 'pay_' || ${body}, 'mer_demo', 'test', 'failed', 2, 1, 100, 'EUR',
          'automatic', ${version}, now(), ${body} FROM generate_series(1, 200) i;
        INSERT INTO attempt (id, payment_id, number, account_id, provider, connector_version, status, decline)
          SELECT 'att_' || ${body} || '_1', 'pay_' || ${body}, 1, 'pa_demo_stripe', 'stripe', '1',
          CASE WHEN i <= ${approved} THEN 'captured' ELSE 'declined' END,
          CASE WHEN i <= ${approved} THEN NULL ELSE '{"reason":"generic_decline"}'::jsonb END FROM generate_series(1, 200) i;
        COMMIT`);
    }
  }

  it('experiments', async () => {
    const treatment = (await post('/v1/routing/policies', { source: textOf('adyen, stripe'), ...REASON }))
      .version;
    const begin = async (): Promise<string> =>
      (await post('/v1/routing/experiments', { treatment, ...REASON })).id;
    const stop = (id: string) => post(`/v1/routing/experiments/${id}/stop`, REASON);
    const looks = (id: string, count: number) =>
      waitFor(
        async () => {
          const [row] = await at.system.sql<{ looks: number }>(
            'SELECT looks FROM routing_experiment WHERE id = $1',
            [id],
          );
          return (row?.looks ?? 0) >= count;
        },
        { ...PATIENCE, what: `${id} to be looked at` },
      );

    const first = await begin();
    await looks(first, 3);
    await keep(at, 'waiting-running', experimentWorkflowId(first), waiting('running'));
    await stop(first);
    await keep(at, 'stopped-by-a-person', experimentWorkflowId(first), done('stopped'));

    const second = await begin();
    await at.client.workflow.getHandle(experimentWorkflowId(second)).terminate('for a recording');
    const input = { experimentId: second, looksARun: 2 };
    const { firstExecutionRunId: runId } = await start('experiment', experimentWorkflowId(second), input);
    await keep(at, 'continued-as-new', experimentWorkflowId(second), { ...done('continued'), runId });
    await stop(second);

    const third = await begin();
    await happened(third);
    await keep(at, 'treatment-better', experimentWorkflowId(third), done('treatment_better'));

    const gone = experimentWorkflowId('rex_never_there');
    await start('experiment', gone, { experimentId: 'rex_never_there' });
    await keep(at, 'gone', gone, done('gone'));
  });
});
