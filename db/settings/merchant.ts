import { type AuthenticationRules, authenticationRulesSchema } from '../../domain/authentication/rules.ts';
import type { Db } from '../client.ts';
import type { Merchant } from '../generated/client.ts';
import type { Owner } from '../read/payments.ts';
import { doOnce, type KeptOnce, type NamedRequest } from '../requests/once.ts';

/** What a merchant has set for both of its modes. */
export interface MerchantSettings {
  /** Where payers' browsers may be sent back to, e.g. `https://shop.example`. */
  readonly returnOrigins: readonly string[];
  readonly authenticationRules: AuthenticationRules;
  readonly duplicateReferenceGuard: boolean;
  /** ISO 18245. */
  readonly category?: string;
  /** Where it is established, ISO 3166-1. */
  readonly country?: string;
  /** A routing policy decides payments only after a second person's approval. */
  readonly routingApproval: boolean;
}

export interface MerchantRegister {
  find(merchantId: string): Promise<MerchantSettings | undefined>;
  /** What isn't named stays as it is. */
  change(
    owner: Owner,
    request: NamedRequest,
    change: Partial<MerchantSettings>,
    answer: (changed: MerchantSettings) => object,
  ): Promise<KeptOnce>;
  /** Whether the merchant takes real payments: then only a live key may change what they are held to. */
  hasLiveKey(merchantId: string): Promise<boolean>;
}

const SETTINGS = {
  returnOrigins: true,
  authenticationRules: true,
  duplicateReferenceGuard: true,
  category: true,
  country: true,
  routingApproval: true,
} as const;

export function createMerchantRegister(db: Db): MerchantRegister {
  return {
    async find(merchantId) {
      const row = await db.merchant.findUnique({ where: { id: merchantId }, select: SETTINGS });
      return row === null ? undefined : toSettings(row);
    },
    change: (owner, request, { returnOrigins, ...change }, answer) =>
      doOnce(db, owner, request, async (tx) => {
        const row = await tx.merchant.update({
          where: { id: owner.merchantId },
          data: {
            ...change,
            ...(returnOrigins === undefined ? {} : { returnOrigins: [...returnOrigins] }),
          },
          select: SETTINGS,
        });
        return { subjectId: owner.merchantId, answer: answer(toSettings(row)) };
      }),
    async hasLiveKey(merchantId) {
      const row = await db.apiKey.findFirst({
        where: { merchantId, mode: 'live', revokedAt: null },
        select: { id: true },
      });
      return row !== null;
    },
  };
}

function toSettings(row: Pick<Merchant, keyof typeof SETTINGS>): MerchantSettings {
  return {
    returnOrigins: row.returnOrigins,
    authenticationRules: authenticationRulesSchema.parse(row.authenticationRules),
    duplicateReferenceGuard: row.duplicateReferenceGuard,
    ...(row.category === null ? {} : { category: row.category }),
    ...(row.country === null ? {} : { country: row.country }),
    routingApproval: row.routingApproval,
  };
}
