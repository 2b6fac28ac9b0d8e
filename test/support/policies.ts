import { waitFor } from './harness.ts';
import { freshKey, type System } from './system.ts';

/** Policies of the demo merchant, by its own API, for tests of what they do to payments. */

/** Two ticks of every worker's book, and what a loaded machine takes beside. */
const SOON = { timeoutMs: 15_000, intervalMs: 100 };

/** Saves a policy, given without its head; answers its version. */
export async function savePolicy(system: System, rest: string): Promise<number> {
  const source = `format: interlock/routing@1\nname: ${freshKey()}\n${rest}`;
  return (await command(system, '', { source, reason: 'for a test' })).version;
}

/** Moves a version on: `promote`, `shadow`, `canary`, `withdraw` and so on. */
export function movePolicy(system: System, version: number, to: string, more: object = {}) {
  return command(system, `/${version}/${to}`, { reason: 'for a test', ...more });
}

/** Saves a policy and makes it decide; resolves when the worker goes by it. */
export async function promotePolicy(system: System, rest: string): Promise<number> {
  const version = await savePolicy(system, rest);
  await movePolicy(system, version, 'promote');
  await decides(system, version);
  return version;
}

/** Until a payment is decided by this version. */
export async function decides(system: System, version: number): Promise<void> {
  const payment_method = await system.card();
  await waitFor(
    async () => {
      const { body } = await system.pay({ amount: 500, currency: 'USD', payment_method });
      const [row] = await system.sql<{ policy_version: number }>(
        'SELECT policy_version FROM payment WHERE id = $1',
        [body.id ?? body.error?.payment?.id],
      );
      return row?.policy_version === version;
    },
    { ...SOON, what: `version ${version} decides` },
  );
}

/** A card that may be charged without its holder, as their consent would have left it. */
export async function consentedCard(system: System, number: string): Promise<string> {
  const id = await system.card(number);
  await system.sql(
    `INSERT INTO mandate (id, merchant_id, mode, payment_method_id, payment_id, provider, usage, network_transaction_id)
     SELECT 'man_' || id, merchant_id, mode, id, 'pay_of_' || id, 'stripe', 'recurring', '123456789012345'
     FROM payment_method WHERE id = $1`,
    [id],
  );
  return id;
}

async function command(system: System, path: string, body: object) {
  const answer = await system.request('POST', `/v1/routing/policies${path}`, { key: freshKey(), body });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}
