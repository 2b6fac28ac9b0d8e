import { type ZodObject, z } from 'zod';
import type { EndpointRequest, Kept } from '../../db/settings/index.ts';
import { actorOf } from '../actor.ts';
import { nameRequest, refuseOtherBody, replayed } from '../idempotency.ts';
import { problem } from '../problems.ts';
import type { Reply, Services, TypedCall } from '../route.ts';
import { wake } from './wake.ts';

/**
 * How every POST about an endpoint is answered: done once, in one transaction with its answer, and answered from there
 * ever after. A secret stands in the kept answer sealed, so that a caller who lost the first answer gets it again under
 * the same key, and nobody gets it in another way.
 */
const keptAnswerSchema = z.object({
  status: z.union([z.literal(200), z.literal(201)]),
  body: z.record(z.string(), z.unknown()),
  sealedSecret: z.string().optional(),
});

export type KeptAnswer = z.output<typeof keptAnswerSchema>;

type AnyCall = TypedCall<unknown, unknown, unknown>;

/** `form` also puts the members into their order, which jsonb doesn't keep: a repetition is the same text. */
export async function answerOnce(
  call: AnyCall,
  services: Services,
  form: ZodObject,
  act: (request: EndpointRequest) => Promise<Kept>,
): Promise<Reply> {
  const request = { ...nameRequest(call.caller, call, call.body, services), ...actOf(call) };
  const earlier = await services.requests.find(request.requestId);
  const kept: Kept = earlier === undefined ? await act(request) : { type: 'repeated', stored: earlier };
  if (kept.type === 'absent') throw problem('resource_missing');
  if (kept.type === 'too_many') throw problem('too_many_endpoints');
  refuseOtherBody(request.bodyDigest, kept.stored);
  call.note({ endpoint: kept.stored.subjectId });
  const { status, body: keptBody, sealedSecret } = keptAnswerSchema.parse(kept.stored.answer);
  const body = form.parse(keptBody);
  const reply: Reply = {
    status,
    body: sealedSecret === undefined ? body : { ...body, secret: opened(sealedSecret, kept, services) },
  };
  if (kept.type === 'repeated') return replayed(() => reply);
  wake(kept.stored.subjectId, call, services);
  return reply;
}

/** What a person does for a merchant is on record with their name. */
function actOf({ caller, concretePath }: AnyCall): Pick<EndpointRequest, 'act'> {
  if (caller.operator === undefined) return {};
  const last = concretePath.split('/').at(-1) ?? '';
  return { act: { actor: actorOf(caller), action: `endpoint.${ACTIONS[last] ?? 'changed'}` } };
}

/** By the path's last word. */
const ACTIONS: Readonly<Record<string, string>> = {
  webhook_endpoints: 'created',
  'rotate-secret': 'secret_rotated',
  delete: 'deleted',
  replay: 'deliveries_replayed',
};

function opened(
  sealedSecret: string,
  { stored }: Extract<Kept, { stored: unknown }>,
  { vault }: Services,
): string {
  return vault.openSecret(Buffer.from(sealedSecret, 'base64'), stored.subjectId).current;
}
