import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { AdminOrder, Person, PersonChange, PersonRefusal } from '../../db/settings/index.ts';
import { oneTimePasswordOf } from '../../domain/access/one-time.ts';
import { withoutAbsent } from '../absent.ts';
import { nameRequest, refuseOtherBody, replayed } from '../idempotency.ts';
import { requesterOf } from '../once.ts';
import { problem } from '../problems.ts';
import { type OperatorCall, operatorRoute, type Reply, type Route, type Services } from '../route.ts';
import { changePersonSchema, createPersonSchema, peopleSchema, personSchema } from './schema.ts';

/** People, by administrators. Whoever is disabled, or has another role, is signed out at once. */

type Call = OperatorCall<unknown, unknown, { readonly reason: string }>;
type Outcome = Awaited<ReturnType<Services['access']['parts']['people']['create']>>;

const keptSchema = z.object({
  status: z.union([z.literal(200), z.literal(201)]),
  body: z.record(z.string(), z.unknown()),
  /** Under the vault's key: who lost the first answer gets it again under the same key, and nobody otherwise. */
  sealedPassword: z.string().optional(),
});

const listPeople = operatorRoute({
  method: 'get',
  path: '/v1/operator/people',
  operationId: 'listPeople',
  summary: 'Everybody who may sign in or has a key',
  permission: 'configure',
  responses: { 200: { description: 'By name.', schema: peopleSchema } },
  async handle(_call, { access }) {
    const people = await access.parts.people.list(access.parts.settings.now());
    const body = {
      object: 'list',
      data: people.map(renderPerson),
      has_more: false,
      url: '/v1/operator/people',
    };
    return { status: 200, body };
  },
});

const createPerson = operatorRoute({
  method: 'post',
  path: '/v1/operator/people',
  operationId: 'createPerson',
  summary: 'Let somebody in, with a password that they have to change',
  permission: 'configure',
  idempotent: true,
  body: createPersonSchema,
  responses: { 201: { description: 'With the `one_time_password`.', schema: personSchema } },
  handle: (call, services) =>
    inOrder(call, services, async (order) => {
      const { reason: _why, ...said } = call.body;
      const id = `opr_${randomBytes(12).toString('hex')}`;
      const { passwordHash, sealedPassword } = await oneTimePassword(id, services);
      call.note({ person: id });
      return services.access.parts.people.create(order, { ...said, id, passwordHash }, (made) => ({
        status: 201,
        body: renderPerson(made),
        sealedPassword,
      }));
    }),
});

const changePerson = operatorRoute({
  method: 'post',
  path: '/v1/operator/people/:id',
  operationId: 'changePerson',
  summary:
    "Change a person's name or role, disable, unlock, reset what they sign in with, or revoke their key",
  permission: 'configure',
  idempotent: true,
  params: z.strictObject({ id: z.string().max(100) }),
  body: changePersonSchema,
  responses: { 200: { description: 'As they stand now.', schema: personSchema } },
  handle(call, services) {
    const { id } = call.params;
    const { name, role, disabled, unlock, reset_password: resets, reset_totp: resetTotp } = call.body;
    const { revoke_key: revokeKey } = call.body;
    const isOwn = id === call.operator.operatorId;
    // So nobody locks themselves out by a slip, or gives themselves what somebody else should.
    if (isOwn && [role, disabled, resets, resetTotp].some((each) => each !== undefined)) {
      throw problem('own_account');
    }
    return inOrder(call, services, async (order) => {
      const made = resets ? await oneTimePassword(id, services) : undefined;
      const change: PersonChange = withoutAbsent({
        name,
        role,
        disabled,
        unlock,
        resetTotp,
        revokeKey,
        passwordHash: made?.passwordHash,
      });
      return services.access.parts.people.change(order, id, change, (changed) => ({
        status: 200,
        body: renderPerson(changed),
        ...(made === undefined ? {} : { sealedPassword: made.sealedPassword }),
      }));
    });
  },
});

/** Done once, and answered from what is kept ever after. */
async function inOrder(
  call: Call,
  services: Services,
  act: (order: AdminOrder) => Promise<Outcome>,
): Promise<Reply> {
  const request = nameRequest(requesterOf(call), call, call.body, services);
  const { operatorId } = call.operator;
  const nowMs = services.access.parts.settings.now();
  const earlier = await services.requests.find(request.requestId);
  const kept: Outcome =
    earlier === undefined
      ? await act({ operatorId, reason: call.body.reason, request, nowMs })
      : { type: 'repeated', stored: earlier };
  if (isRefusal(kept)) throw problem(kept.type);
  if (kept.type === 'absent') throw problem('resource_missing');
  refuseOtherBody(request.bodyDigest, kept.stored);
  const { status, body, sealedPassword } = keptSchema.parse(kept.stored.answer);
  const reply: Reply = {
    status,
    body:
      sealedPassword === undefined
        ? body
        : { ...body, one_time_password: opened(sealedPassword, kept.stored.subjectId, services) },
  };
  return kept.type === 'repeated' ? replayed(() => reply) : reply;
}

function isRefusal(outcome: Outcome): outcome is PersonRefusal {
  return outcome.type === 'email_taken' || outcome.type === 'last_admin';
}

async function oneTimePassword(id: string, { access, vault }: Services) {
  const password = oneTimePasswordOf(randomBytes);
  const passwordHash = await access.door.passwords.hash(password);
  const sealed = vault.sealSecret({ current: password }, id);
  return { passwordHash, sealedPassword: Buffer.from(sealed).toString('base64') };
}

function opened(sealed: string, id: string, { vault }: Services): string {
  return vault.openSecret(Buffer.from(sealed, 'base64'), id).current;
}

function renderPerson(person: Person): object {
  return {
    object: 'person',
    id: person.id,
    name: person.name,
    email: person.email ?? null,
    role: person.role,
    totp: person.hasTotp,
    api_key: person.hasKey,
    password: person.hasPassword ? (person.passwordExpired ? 'one_time' : 'own') : 'none',
    password_expires_at: person.passwordExpiresAt?.toISOString() ?? null,
    created_at: person.createdAt.toISOString(),
    disabled_at: person.disabledAt?.toISOString() ?? null,
    locked_until: person.lockedUntil?.toISOString() ?? null,
    last_seen_at: person.seenAt?.toISOString() ?? null,
  };
}

export const peopleRoutes: readonly Route[] = [listPeople, createPerson, changePerson];
