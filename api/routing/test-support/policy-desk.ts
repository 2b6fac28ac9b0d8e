import {
  type Answer,
  get,
  post,
  type Sending,
  startTestApi,
  type TestApi,
} from '../../test-support/harness.ts';

/** A merchant's policies over HTTP: real API, real Postgres, a merchant with two accounts and two keys. */
export interface PolicyDesk {
  readonly api: TestApi;
  /** A second key of the same merchant and mode. */
  readonly other: string;
  save(body?: object, more?: Sending): Promise<Answer>;
  /** The version of a new, valid policy. */
  saved(name?: string): Promise<number>;
  move(version: number, word: string, body?: object, more?: Sending): Promise<Answer>;
  rollBack(body?: object): Promise<Answer>;
  read(version: number | 'active'): Promise<Answer['body']>;
  /** What earlier tests left in use goes out of the way; versions stay, as they do for everybody. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const yaml = (name = 'Regional', when = 'currency == "EUR"') => `format: interlock/routing@1
name: ${name}
rules:
  - name: euros
    when: ${when}
    choose: { order: [adyen, stripe] }
otherwise: { choose: { order: [stripe, adyen] } }
`;

export const told = ({ status, body }: Answer) => [status, body.error?.code];

export async function openPolicyDesk(): Promise<PolicyDesk> {
  const api = await startTestApi();
  await api.sql.query(`INSERT INTO provider_account (id, merchant_id, mode, provider, base_url)
    VALUES ('acc_a_adyen', 'mer_a', 'test', 'adyen', 'http://127.0.0.1:1')`);
  const other = `sk_test_${'second'.repeat(4)}`;
  await api.sql.query(
    `INSERT INTO api_key (id, merchant_id, mode, digest, name) VALUES ('key_second', 'mer_a', 'test', $1, 'second')`,
    [api.vault.keyedDigest(other)],
  );
  const desk: PolicyDesk = {
    api,
    other,
    save: (body = {}, more = {}) =>
      post(api, '/v1/routing/policies', { source: yaml(), reason: 'a test', ...body }, more),
    saved: async (name) => (await desk.save({ source: yaml(name) })).body.version,
    move: (version, word, body = {}, more = {}) =>
      post(api, `/v1/routing/policies/${version}/${word}`, { reason: 'a test', ...body }, more),
    rollBack: (body = {}) => post(api, '/v1/routing/rollback', { reason: 'it went wrong', ...body }),
    read: async (version) => (await get(api, `/v1/routing/policies/${version}`)).body,
    async reset() {
      const { rows } = await api.sql.query(
        `SELECT version FROM routing_policy WHERE merchant_id = 'mer_a' AND status IN ('shadow', 'canary')`,
      );
      for (const { version } of rows) await desk.move(version, 'withdraw');
      await api.sql.query(`UPDATE merchant SET routing_approval = false WHERE id = 'mer_a'`);
    },
    close: () => api.close(),
  };
  return desk;
}
