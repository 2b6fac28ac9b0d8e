import type { z } from 'zod';
import type { AccountChange, AdminAccount } from '../../db/settings/index.ts';
import { withoutAbsent } from '../absent.ts';
import { answerOnce, mustHaveKey } from '../once.ts';
import { problem } from '../problems.ts';
import { operatorRoute, type Route } from '../route.ts';
import { isMoved, liveAddressProblem, secretsOfMoved } from './move.ts';
import { adminOf, idFor, iso, pageReply } from './order.ts';
import type { AdminParts } from './parts.ts';
import {
  accountCheckSchema,
  accountListSchema,
  accountSchema,
  changeAccountSchema,
  createAccountSchema,
  idParams,
  listAccountsQuery,
  providerFormListSchema,
  reasonOnlySchema,
} from './schema.ts';
import { decideSecrets, refuse } from './seal.ts';

const PATH = '/v1/operator/accounts';
const account = (description: string) => ({ description, schema: accountSchema });

const listForms = operatorRoute({
  method: 'get',
  path: '/v1/operator/providers',
  operationId: 'listProviders',
  summary: 'The providers that ship, and what an account at each consists of',
  permission: 'view',
  responses: { 200: { description: 'All of them.', schema: providerFormListSchema } },
  async handle(_call, { administration }) {
    const data = administration.providers.forms().map(({ provider, settings, secrets }) => ({
      object: 'provider_form',
      provider,
      settings: settings.map(({ values = null, ...field }) => ({ ...field, values })),
      secrets: secrets.map(({ values = null, ...field }) => ({ ...field, values })),
    }));
    const body = { object: 'list', data, has_more: false, url: '/v1/operator/providers' };
    return { status: 200, body };
  },
});

const listAccounts = operatorRoute({
  method: 'get',
  path: PATH,
  operationId: 'listProviderAccounts',
  summary: 'Accounts at providers, newest first; of their secrets only what may be known',
  permission: 'view',
  query: listAccountsQuery,
  responses: { 200: { description: 'One page.', schema: accountListSchema } },
  async handle({ query: { limit, merchant: merchantId, starting_after: startingAfter } }, services) {
    const { administration } = services;
    const filter = { limit, ...withoutAbsent({ merchantId, startingAfter }) };
    const page = await administration.accounts.list(filter);
    return pageReply(page, PATH, (row) => renderAccount(row, administration));
  },
});

const getAccount = operatorRoute({
  method: 'get',
  path: `${PATH}/:id`,
  operationId: 'getProviderAccount',
  summary: 'An account at a provider',
  permission: 'view',
  params: idParams,
  responses: { 200: account('As it stands.') },
  async handle({ params }, { administration }) {
    const found = await administration.accounts.find(params.id);
    if (found === undefined) throw problem('resource_missing');
    return { status: 200, body: renderAccount(found, administration) };
  },
});

const createAccount = operatorRoute({
  method: 'post',
  path: PATH,
  operationId: 'createProviderAccount',
  summary: 'Make an account at a provider; its secrets come afterwards',
  permission: 'configure',
  idempotent: true,
  body: createAccountSchema,
  responses: { 201: account('Made. `webhook_path` is where the provider sends to.') },
  handle(call, services) {
    const { administration } = services;
    const { merchant: merchantId, mode, provider, base_url: baseUrl, settings, ...rest } = call.body;
    const { enabled, catalogue } = rest;
    return answerOnce(call, services, (request) => {
      const made = { merchantId, mode, provider, baseUrl, settings, enabled, catalogue };
      judge(made, administration);
      const row = { ...made, id: idFor('pa', request.requestId) };
      return administration.accounts.create(adminOf(call), request, row, (kept) => ({
        status: 201,
        body: renderAccount(kept, administration),
      }));
    });
  },
});

const changeAccount = operatorRoute({
  method: 'post',
  path: `${PATH}/:id`,
  operationId: 'changeProviderAccount',
  summary:
    'Change, enable or disable an account; whatever is sent from then on, for payments under way too, goes by what it is now',
  permission: 'configure',
  idempotent: true,
  params: idParams,
  body: changeAccountSchema,
  cardNumberAt: ['secrets'],
  responses: { 200: account('As it stands now.') },
  async handle(call, services) {
    const { administration } = services;
    const { base_url: baseUrl, settings, enabled, catalogue, secrets: given } = call.body;
    const change: AccountChange = withoutAbsent({ baseUrl, settings, enabled, catalogue });
    const setBy = `operator:${call.operator.operatorId}`;
    const reply = await answerOnce(call, services, (request) =>
      administration.accounts.change(adminOf(call), request, call.params.id, change, {
        isMoved,
        judge: (changed, before, openOperations) => {
          judge(changed, administration);
          if (openOperations === undefined) return refuseSecrets(given);
          return secretsOfMoved({ before, given, openOperations }, administration, (secrets, fresh) =>
            decideSecrets(
              { given: secrets, setBy, atMs: call.receivedAtMs, overlapMs: 0 },
              fresh,
              undefined,
              services,
            ),
          );
        },
        answer: (row) => ({ status: 200, body: renderAccount(row, administration) }),
      }),
    );
    if (given !== undefined) await administration.secrets.refresh();
    return reply;
  },
});

const checkAccount = operatorRoute({
  method: 'post',
  path: `${PATH}/:id/check`,
  operationId: 'checkProviderAccount',
  summary: 'Ask the provider something harmless with the account’s secrets',
  permission: 'configure',
  idempotent: true,
  params: idParams,
  body: reasonOnlySchema.partial().meta({ id: 'AdminAccountCheckCreate' }),
  responses: { 200: { description: 'What came of it.', schema: accountCheckSchema } },
  async handle(call, services) {
    const { administration } = services;
    mustHaveKey(call, call.body, services);
    const found = await administration.accounts.find(call.params.id);
    if (found === undefined) throw problem('resource_missing');
    // First: the account's secrets go out with the question.
    await administration.accounts.noteCheck(adminOf(call), found);
    // Another process may have taken the secrets in a moment ago.
    await administration.secrets.refresh();
    const { result, detail } = await administration.providers.check(found);
    return { status: 200, body: { object: 'account_check', account: found.id, result, detail } };
  },
});

function refuseSecrets(given: object | undefined): undefined {
  if (given !== undefined)
    throw problem('parameter_invalid', {
      param: 'secrets',
      message: 'Its address stays. Set its secrets by `POST /v1/operator/accounts/:id/secrets`.',
    });
}

type Judged = Pick<AdminAccount, 'provider' | 'mode' | 'baseUrl' | 'settings'>;

function judge(judged: Judged, { providers }: AdminParts): void {
  const { provider, mode, baseUrl, settings } = judged;
  const problems = providers.accountProblems({ provider, baseUrl, settings });
  if (problems === undefined)
    throw problem('parameter_invalid', { param: 'provider', message: 'No such provider ships.' });
  refuse(problems);
  const { username, password } = new URL(baseUrl);
  if (username !== '' || password !== '')
    refuse([{ at: 'base_url', message: 'must not hold credentials: those are secrets' }]);
  const message =
    providers.addressProblem(baseUrl) ?? (mode === 'live' ? liveAddressProblem(judged) : undefined);
  if (message !== undefined) throw problem('parameter_invalid', { param: 'base_url', message });
}

export function renderAccount(
  row: AdminAccount,
  { providers, secrets }: AdminParts,
): z.output<typeof accountSchema> {
  const inFile = secrets.namesInFile(row.id);
  const known = providers.forms().find(({ provider }) => provider === row.provider)?.secrets ?? [];
  const required = new Map(known.map(({ name, required: isRequired }) => [name, isRequired]));
  const names = [...new Set([...required.keys(), ...Object.keys(row.secrets), ...inFile])];
  return {
    id: row.id,
    object: 'provider_account',
    merchant: row.merchantId,
    mode: row.mode,
    provider: row.provider,
    base_url: row.baseUrl,
    settings: row.settings,
    enabled: row.enabled,
    catalogue: row.catalogue,
    webhook_path: `/v1/webhooks/${row.provider}/${row.id}`,
    secrets: names.map((name) => {
      const fact = row.secrets[name];
      const source = fact !== undefined ? ('console' as const) : inFile.includes(name) ? 'file' : null;
      return {
        name,
        required: required.get(name) ?? false,
        source,
        fingerprint: fact?.fingerprint ?? null,
        set_by: fact?.setBy ?? null,
        set_at: fact === undefined ? null : iso(fact.setAtMs),
      };
    }),
    created_at: iso(row.createdAtMs),
  };
}

export const accountRoutes: readonly Route[] = [
  listForms,
  listAccounts,
  getAccount,
  createAccount,
  changeAccount,
  checkAccount,
];
