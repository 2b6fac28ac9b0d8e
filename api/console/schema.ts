import { z } from 'zod';
import { PERMISSIONS, ROLES } from '../../domain/access/roles.ts';
import { reasonSchema } from '../operator/schema.ts';
import { listSchema } from '../schema.ts';

/** Longer than any password may be, so that a wrong one is judged as wrong and not as malformed. */
const password = z.string().min(1).max(1_000).meta({ format: 'password' });
const newPassword = z.string().max(1_000).meta({ format: 'password' });
const code = z
  .string()
  .trim()
  .regex(/^\d{6}$/, 'a code has six digits')
  .meta({ description: 'Of the authenticator app.' });
const email = z.string().trim().toLowerCase().max(254).pipe(z.email('must be an e-mail address'));
const name = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'has no control characters');
const role = z.enum(ROLES);

export const signInSchema = z
  .strictObject({
    // Whatever is typed here is judged like any wrong e-mail.
    email: z.string().trim().toLowerCase().min(1).max(254),
    password,
    code: code.optional(),
  })
  .meta({ id: 'ConsoleSignIn' });

export const changePasswordSchema = z
  .strictObject({ current_password: password, new_password: newPassword })
  .meta({ id: 'ConsolePasswordChange' });

export const withPasswordSchema = z.strictObject({ password }).meta({ id: 'ConsolePassword' });
export const confirmTotpSchema = z.strictObject({ code }).meta({ id: 'ConsoleTotpConfirm' });

export const sessionSchema = z
  .object({
    object: z.literal('console_session'),
    person: z.object({
      id: z.string(),
      name: z.string(),
      email: z.string().nullable(),
      role,
      permissions: z.array(z.enum(PERMISSIONS)),
      totp: z.boolean().meta({ description: 'Whether a code is needed to sign in.' }),
      password_change_required: z
        .boolean()
        .meta({ description: 'Until then, nothing but the change is allowed.' }),
    }),
    csrf_token: z.string().meta({ description: 'Goes with every POST, as `X-CSRF-Token`.' }),
    expires_at: z.iso.datetime().meta({ description: 'When the session ends if nothing is done before.' }),
  })
  .meta({ id: 'ConsoleSession' });

export const signedOutSchema = z.object({
  object: z.literal('console_session'),
  signed_out: z.literal(true),
});

export const totpSchema = z
  .object({
    object: z.literal('totp'),
    secret: z.string().meta({ description: 'In base32, to be typed where nothing can be scanned.' }),
    uri: z.string().meta({ description: '`otpauth://...`, to be shown as a QR code.' }),
  })
  .meta({ id: 'ConsoleTotp' });

const at = z.iso.datetime();

export const personSchema = z
  .object({
    object: z.literal('person'),
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    role,
    totp: z.boolean(),
    api_key: z.boolean().meta({ description: 'Whether they have a key that works.' }),
    password: z.enum(['none', 'one_time', 'own']),
    password_expires_at: at.nullable().meta({ description: 'Until when a one-time password is good.' }),
    created_at: at,
    disabled_at: at.nullable(),
    locked_until: at.nullable(),
    last_seen_at: at.nullable(),
    one_time_password: z
      .string()
      .optional()
      .meta({ description: 'Only in the answer that made it. It must be changed at the first sign-in.' }),
  })
  .meta({ id: 'Person' });

export const peopleSchema = listSchema(personSchema).meta({ id: 'PersonList' });

export const createPersonSchema = z
  .strictObject({ name, email, role, reason: reasonSchema })
  .meta({ id: 'PersonCreate' });

export const changePersonSchema = z
  .strictObject({
    name: name.optional(),
    role: role.optional(),
    disabled: z.boolean().optional(),
    unlock: z.literal(true).optional(),
    reset_password: z.literal(true).optional(),
    reset_totp: z.literal(true).optional(),
    revoke_key: z.literal(true).optional(),
    reason: reasonSchema,
  })
  .refine((change) => Object.keys(change).length > 1, 'say what is to be changed')
  .meta({ id: 'PersonChange' });
