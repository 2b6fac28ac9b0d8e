import { z } from 'zod';
import type { AuthenticationWish } from '../../domain/authentication/policy.ts';
import type { StatedFacts } from '../../domain/routing/stated.ts';
import { problem } from '../problems.ts';

/** What a merchant may say of a payment's authentication, and of the card that is kept or charged by consent. */

const EXEMPTIONS = [
  'low_value',
  'transaction_risk_analysis',
  'trusted_beneficiary',
  'secure_corporate',
  'recurring',
] as const;

/** What a routing policy may ask about, beside the amount, the card and the payer's history. */
const statedFields = {
  billing_country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be a country code of ISO 3166-1 (two capital letters)')
    .optional()
    .meta({ description: 'From where the payer buys, for your routing policy.', example: 'DE' }),
  channel: z.enum(['web', 'app', 'pos', 'phone']).optional().meta({
    description: 'Where the payer is, for your routing policy.',
  }),
  risk_score: z.int().min(0).max(100).optional().meta({
    description: 'Of your own risk engine, 0 to 100, for your routing policy.',
  }),
};

/** The fields of a body that confirms a payment, be it the creation's or the confirmation's own. */
export const wishFields = {
  three_ds: z
    .strictObject({
      request: z.enum(['automatic', 'any', 'challenge']).optional().meta({
        description:
          '`automatic`: as rules and issuer want it. `any`: always, without friction where possible. `challenge`: the payer must act.',
      }),
      exemption: z.enum(EXEMPTIONS).optional().meta({
        description: 'Claimed instead of an authentication; your acquirer must allow it.',
      }),
    })
    .optional(),
  risk_signal: z.enum(['normal', 'elevated', 'highest']).optional().meta({
    description: '`elevated` authenticates, `highest` challenges.',
  }),
  off_session: offSessionField(),
  setup_future_usage: z.literal('off_session').optional().meta({
    description: 'Keep the card for payments that you will make without the payer.',
  }),
  stored_credential_usage: z.enum(['recurring', 'unscheduled']).optional().meta({
    description: 'How the kept card will be, or is, used. `unscheduled` by default.',
  }),
  ...statedFields,
};

/** `false` is the default written down, and so the same body as none. */
function offSessionField() {
  return z
    .boolean()
    .optional()
    .transform((value) => (value === true ? true : undefined))
    .meta({
      type: 'boolean',
      default: false,
      description: 'The payer is not there: charged by the mandate of the payment method.',
    });
}

const wishSchema = z.object(wishFields);
export type WishBody = z.output<typeof wishSchema>;

/** Undefined where the body says nothing of it. Throws what contradicts itself. */
export function wishOf(body: WishBody): AuthenticationWish | undefined {
  refuseContradictions(body);
  const {
    three_ds: threeDs,
    risk_signal: risk,
    off_session: offSession,
    setup_future_usage: setup,
    stored_credential_usage: used,
  } = body;
  const usage = setup === undefined ? used : (used ?? 'unscheduled');
  const stated = statedOf(body);
  const wish: AuthenticationWish = {
    ...(threeDs === undefined ? {} : { threeDs: threeDsOf(threeDs) }),
    ...(risk === undefined ? {} : { risk }),
    ...(offSession === undefined ? {} : { offSession }),
    ...(usage === undefined ? {} : { usage }),
    ...(stated === undefined ? {} : { stated }),
  };
  return Object.keys(wish).length === 0 ? undefined : wish;
}

function statedOf(body: WishBody): StatedFacts | undefined {
  const { billing_country: billingCountry, channel, risk_score: riskScore } = body;
  const stated: StatedFacts = {
    ...(billingCountry === undefined ? {} : { billingCountry }),
    ...(channel === undefined ? {} : { channel }),
    ...(riskScore === undefined ? {} : { riskScore }),
  };
  return Object.keys(stated).length === 0 ? undefined : stated;
}

function threeDsOf({ request, exemption }: NonNullable<WishBody['three_ds']>) {
  return {
    ...(request === undefined ? {} : { request }),
    ...(exemption === undefined ? {} : { exemption }),
  };
}

function refuseContradictions(body: WishBody): void {
  const { three_ds: threeDs, off_session: offSession, setup_future_usage: setup } = body;
  const authenticates = threeDs?.request === 'any' || threeDs?.request === 'challenge';
  if (offSession === true && authenticates)
    throw contradiction('three_ds.request', 'Nobody is there to be authenticated with `off_session`.');
  if (offSession === true && setup !== undefined)
    throw contradiction('setup_future_usage', 'The payer must be there to agree: not with `off_session`.');
  if (threeDs?.exemption !== undefined && authenticates)
    throw contradiction('three_ds.exemption', 'An exemption is claimed instead of an authentication.');
  if (threeDs?.exemption !== undefined && setup !== undefined)
    throw contradiction('three_ds.exemption', 'A card is kept only by an authenticated payment.');
  if (body.stored_credential_usage !== undefined && offSession !== true && setup === undefined)
    throw contradiction(
      'stored_credential_usage',
      'This belongs to `setup_future_usage` or to `off_session`.',
    );
}

function contradiction(param: string, message: string) {
  return problem('parameter_invalid', { param, message });
}

/** What a payment that waits for its confirmation could not keep: it is told when it is confirmed. */
export function refuseBeforeConfirmation(body: WishBody): void {
  const names = Object.keys(wishFields) as (keyof WishBody)[];
  const given = names.find((name) => body[name] !== undefined);
  if (given === undefined) return;
  throw problem('parameter_invalid', {
    param: given,
    message: 'Send this with the confirmation: `confirm` is false here.',
  });
}
