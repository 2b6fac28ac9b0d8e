import { z } from 'zod';
import { isTimeZone } from '../domain/reconciliation/day.ts';
import { FEE_KINDS, ROW_TYPES } from '../domain/reconciliation/row.ts';
import { agreedRates, currencyCode, reconciliationSettings } from './account-settings.ts';
import type { AccountForm } from './provider.ts';
import { providerByName, providers } from './registry.ts';
import { sftpSecrets, sftpSettings } from './sftp/config.ts';

/**
 * What a person has to say of an account, told and judged for forms: the adapter's own schemas, and beside them what
 * every account may have. No sentence from here quotes what was given, because half of it is secret.
 */
export interface FormField {
  readonly name: string;
  readonly required: boolean;
  /** What it may be, where that is a list. */
  readonly values?: readonly string[];
}

export interface ProviderForm {
  readonly provider: string;
  readonly settings: readonly FormField[];
  readonly secrets: readonly FormField[];
}

export interface FormProblem {
  /** The path of the member, e.g. `settings.merchantAccount`. */
  readonly at: string;
  readonly message: string;
}

/** Settings that have nothing to do with who the provider is. */
const common = z.object({
  time_zone: z.string().refine(isTimeZone, 'must be a time zone of the IANA, e.g. Europe/Berlin').optional(),
  reconcile_at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, e.g. 06:00')
    .optional(),
  fees: z
    .array(
      z.strictObject({
        on: z.enum(ROW_TYPES),
        currency: currencyCode,
        kind: z.enum(FEE_KINDS),
        bps: z.int(),
        fixedMinor: z.int(),
      }),
    )
    .optional(),
  fxRates: agreedRates.optional(),
  reconciliation: reconciliationSettings.optional(),
  sftp: sftpSettings.optional(),
});

/** Kept by whoever rotates the secret, and never given. */
const PREVIOUS = 'webhookSecretPrevious';

/** Each provider once, in the registry's order. */
export function providerForms(): readonly ProviderForm[] {
  const names = [...new Set(providers.map(({ name }) => name))];
  return names.flatMap((name) => {
    const form = providerByName(name)?.account;
    if (form === undefined) return [];
    const { settings, secrets } = schemasOf(form);
    return [{ provider: name, settings: fieldsOf(settings), secrets: fieldsOf(secrets) }];
  });
}

/** Undefined for a provider that isn't there. */
export function accountProblems(account: {
  readonly provider: string;
  readonly baseUrl: string;
  readonly settings: unknown;
}): readonly FormProblem[] | undefined {
  const form = providerByName(account.provider)?.account;
  if (form === undefined) return undefined;
  return [
    ...problemsOf(form.baseUrl, account.baseUrl, 'base_url'),
    ...problemsOf(schemasOf(form).settings, account.settings, 'settings'),
  ];
}

/** What is wrong with the secrets that are given; that others are missing is no problem of theirs. */
export function secretProblems(
  provider: string,
  given: Readonly<Record<string, string>>,
): readonly FormProblem[] | undefined {
  const form = providerByName(provider)?.account;
  return form === undefined ? undefined : problemsOf(schemasOf(form).secrets.partial(), given, 'secrets');
}

function schemasOf(form: AccountForm): { readonly settings: z.ZodObject; readonly secrets: z.ZodObject } {
  return {
    settings: form.settings.extend(common.shape).strict(),
    secrets: form.secrets
      .omit({ [PREVIOUS]: true })
      .extend(sftpSecrets.shape)
      .strict(),
  };
}

function fieldsOf(schema: z.ZodObject): readonly FormField[] {
  return Object.entries(schema.shape).map(([name, member]) => {
    const values = valuesOf(member);
    return {
      name,
      required: !z.safeParse(member, undefined).success,
      ...(values === undefined ? {} : { values }),
    };
  });
}

function valuesOf(member: z.core.$ZodType): readonly string[] | undefined {
  if (member instanceof z.ZodDefault || member instanceof z.ZodOptional)
    return valuesOf(member.def.innerType);
  return member instanceof z.ZodEnum ? member.options.map(String) : undefined;
}

function problemsOf(schema: z.ZodType, given: unknown, where: string): readonly FormProblem[] {
  const parsed = schema.safeParse(given);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => {
    const at = [where, ...issue.path].join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ at: `${at}.${key}`, message: 'is not known here' }));
    return [{ at, message: issue.message }];
  });
}
