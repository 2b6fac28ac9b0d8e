import type { SecretDecision, SecretFacts } from '../../db/settings/index.ts';
import { answerOnce } from '../once.ts';
import { problem } from '../problems.ts';
import { operatorRoute, type Route, type Services } from '../route.ts';
import { refuse, renderAccount } from './accounts.ts';
import { adminOf } from './order.ts';
import type { ProviderSecrets } from './parts.ts';
import { accountSchema, idParams, setSecretsSchema } from './schema.ts';

/** Enough to tell two secrets apart, too little to say anything about one. */
const FINGERPRINT_LENGTH = 12;
const WEBHOOK_SECRET = 'webhookSecret';

const setSecrets = operatorRoute({
  method: 'post',
  path: '/v1/operator/accounts/:id/secrets',
  operationId: 'setProviderAccountSecrets',
  summary: 'Set an account’s secrets: they are sealed, hold within two seconds, and never come back',
  permission: 'configure',
  idempotent: true,
  params: idParams,
  body: setSecretsSchema,
  // A key in hexadecimal may look like a card's number.
  cardNumberAt: ['secrets'],
  responses: { 200: { description: 'What may be known of them.', schema: accountSchema } },
  async handle(call, services) {
    const { administration } = services;
    const { operatorId } = call.operator;
    const { secrets: given, previous_webhook_secret_seconds: overlapSeconds } = call.body;
    const order: SecretOrder = {
      given,
      setBy: `operator:${operatorId}`,
      atMs: call.receivedAtMs,
      overlapMs: overlapSeconds * 1_000,
    };
    const reply = await answerOnce(call, services, (request) =>
      administration.accounts.setSecrets(adminOf(call), request, call.params.id, {
        decide: (account, sealed) => decide(order, account, sealed, services),
        answer: (row) => ({ status: 200, body: renderAccount(row, administration) }),
      }),
    );
    // This process knows at once; the others look every second.
    await administration.secrets.refresh();
    return reply;
  },
});

interface SecretOrder {
  readonly given: Readonly<Record<string, string | null>>;
  readonly setBy: string;
  readonly atMs: number;
  readonly overlapMs: number;
}

function decide(
  order: SecretOrder,
  account: { readonly id: string; readonly provider: string; readonly secrets: SecretFacts },
  sealed: Uint8Array | undefined,
  services: Services,
): SecretDecision {
  const { secrets: store, providers } = services.administration;
  const { given, setBy, atMs } = order;
  const set = Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== null),
  );
  const removed = Object.keys(given).filter((name) => given[name] === null);
  const problems = providers.secretProblems(account.provider, set);
  if (problems === undefined)
    throw problem('parameter_invalid', {
      param: 'secrets',
      message: 'The provider of this account ships no more.',
    });
  refuse(problems);
  const before: ProviderSecrets = sealed === undefined ? { values: {} } : store.open(sealed, account.id);
  const kept = (name: string) => !removed.includes(name);
  const values = { ...onlyKept(before.values, kept), ...set };
  const factsOfSet = Object.entries(set).map(([name, value]) => {
    const fingerprint = fingerprintOf(services, account.id, name, value);
    return [name, { fingerprint, setBy, setAtMs: atMs }] as const;
  });
  const facts = { ...onlyKept(account.secrets, kept), ...Object.fromEntries(factsOfSet) };
  const previous = previousOf(order, before, store.of(account.id)?.[WEBHOOK_SECRET]);
  return {
    sealed: store.seal({ values, ...previous }, account.id),
    facts,
    details: {
      set: Object.fromEntries(factsOfSet.map(([name, { fingerprint }]) => [name, fingerprint])),
      ...(removed.length === 0 ? {} : { removed }),
      ...(previous.previousWebhookSecret === undefined
        ? {}
        : { previous_webhook_secret_until: new Date(previous.previousWebhookSecret.untilMs).toISOString() }),
    },
  };
}

/** Which webhook secret is accepted beside the new one: the one before, wherever it came from, until its time is over. */
function previousOf(
  { given, atMs, overlapMs }: SecretOrder,
  before: ProviderSecrets,
  inUse: string | undefined,
): Pick<ProviderSecrets, 'previousWebhookSecret'> {
  if (given[WEBHOOK_SECRET] === undefined)
    return before.previousWebhookSecret === undefined
      ? {}
      : { previousWebhookSecret: before.previousWebhookSecret };
  const old = before.values[WEBHOOK_SECRET] ?? inUse;
  if (old === undefined || old === given[WEBHOOK_SECRET] || overlapMs === 0) return {};
  return { previousWebhookSecret: { value: old, untilMs: atMs + overlapMs } };
}

function onlyKept<T>(
  members: Readonly<Record<string, T>>,
  kept: (name: string) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => kept(name)));
}

function fingerprintOf({ vault }: Services, accountId: string, name: string, value: string): string {
  const text = JSON.stringify(['provider-secret', accountId, name, value]);
  return vault.keyedDigest(text).slice(0, FINGERPRINT_LENGTH);
}

export const secretRoutes: readonly Route[] = [setSecrets];
