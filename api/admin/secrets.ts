import { answerOnce } from '../once.ts';
import { operatorRoute, type Route } from '../route.ts';
import { renderAccount } from './accounts.ts';
import { adminOf } from './order.ts';
import { accountSchema, idParams, setSecretsSchema } from './schema.ts';
import { decideSecrets, type SecretOrder } from './seal.ts';

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
        decide: (account, sealed) => decideSecrets(order, account, sealed, services),
        answer: (row) => ({ status: 200, body: renderAccount(row, administration) }),
      }),
    );
    // This process knows at once; the others look every second.
    await administration.secrets.refresh();
    return reply;
  },
});

export const secretRoutes: readonly Route[] = [setSecrets];
