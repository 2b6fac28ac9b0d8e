import type { Mode } from '../../../domain/ids.ts';
import {
  type CatalogueOverrides,
  catalogueOverridesSchema,
} from '../../../domain/routing/catalogue/index.ts';
import type { Db } from '../../client.ts';
import type { Prisma, ProviderAccount } from '../../generated/client.ts';
import { olderThan } from '../../older-than.ts';
import type { KeptOnce, NamedRequest, Transaction } from '../../requests/once.ts';
import { recordAdminAct } from '../people/admin-audit.ts';
import { type Admin, adminOnce } from './admin.ts';
import { type AdminPage, changedMembers, cursorOf } from './merchants.ts';

/** What may be known of a secret that is sealed in Postgres. */
export interface SecretFact {
  /** Of its value, by a key that Postgres doesn't have: two that are alike hold the same secret. */
  readonly fingerprint: string;
  /** `operator:<id>`. */
  readonly setBy: string;
  readonly setAtMs: number;
}

export type SecretFacts = Readonly<Record<string, SecretFact>>;

/** A provider account, without any of its secrets. */
export interface AdminAccount {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: Mode;
  readonly provider: string;
  readonly baseUrl: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly enabled: boolean;
  readonly catalogue: CatalogueOverrides;
  readonly secrets: SecretFacts;
  readonly createdAtMs: number;
}

export type NewAccount = Pick<
  AdminAccount,
  'id' | 'merchantId' | 'mode' | 'provider' | 'baseUrl' | 'settings' | 'enabled' | 'catalogue'
>;
export type AccountChange = Partial<Pick<AdminAccount, 'baseUrl' | 'settings' | 'enabled' | 'catalogue'>>;

export interface AccountFilter {
  readonly limit: number;
  readonly merchantId?: string;
  readonly startingAfter?: string;
}

/** Decided under the account's lock: what its secrets are from now on. */
export interface SecretDecision {
  readonly sealed: Uint8Array<ArrayBuffer>;
  readonly facts: SecretFacts;
  /** What the act's row says; names and fingerprints, never a value. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AccountAdministration {
  find(id: string): Promise<AdminAccount | undefined>;
  /** Newest first. */
  list(filter: AccountFilter): Promise<AdminPage<AdminAccount>>;
  /** `absent`: there is no such merchant. */
  create(
    admin: Admin,
    request: NamedRequest,
    account: NewAccount,
    answer: (made: AdminAccount) => object,
  ): Promise<KeptOnce>;
  /**
   * `judge` sees the account as it would be, under its lock, and throws where it may not be so. Of one that moves it says
   * what its secrets are from now on: what was sealed for the old address is dropped.
   */
  change(
    admin: Admin,
    request: NamedRequest,
    id: string,
    change: AccountChange,
    parts: {
      isMoved(before: AdminAccount, changed: AdminAccount): boolean;
      /** `openOperations` is there for an account that moves. */
      judge(
        changed: AdminAccount,
        before: AdminAccount,
        openOperations: number | undefined,
      ): SecretDecision | undefined;
      answer(changed: AdminAccount): object;
    },
  ): Promise<KeptOnce>;
  /** That an account's secrets are about to be tried. */
  noteCheck(admin: Admin, account: AdminAccount): Promise<void>;
  setSecrets(
    admin: Admin,
    request: NamedRequest,
    id: string,
    parts: {
      decide(account: AdminAccount, sealed: Uint8Array | undefined): SecretDecision;
      answer(changed: AdminAccount): object;
    },
  ): Promise<KeptOnce>;
}

export function createAccountAdministration(db: Db, reads: Db): AccountAdministration {
  return {
    async find(id) {
      const row = await db.providerAccount.findUnique({ where: { id }, include: WITH_FACTS });
      return row === null ? undefined : toAccount(row);
    },
    list: (filter) => listAccounts(reads, filter),
    create: (admin, request, account, answer) =>
      adminOnce(db, admin, request, async (tx) => {
        const { merchantId } = account;
        const merchant = await tx.merchant.findUnique({ where: { id: merchantId }, select: { id: true } });
        if (merchant === null) return undefined;
        const row = await tx.providerAccount.create({ data: dataOf(account) });
        const { id, ...details } = account;
        await recordAdminAct(tx, { ...admin, action: 'account.created', subject: id, details });
        return { subjectId: id, answer: answer(toAccount({ ...row, secret: null })) };
      }),
    change: (admin, request, id, change, { isMoved, judge, answer }) =>
      adminOnce(db, admin, request, async (tx) => {
        const before = await lockedAccount(tx, id);
        if (before === undefined) return undefined;
        const changed = { ...before.account, ...change };
        const moved = isMoved(before.account, changed);
        const decision = judge(changed, before.account, moved ? await openOperationsOf(tx, id) : undefined);
        if (decision !== undefined) await keepSecrets(tx, id, decision);
        const row = await tx.providerAccount.update({
          where: { id },
          data: dataOf(change),
          include: WITH_FACTS,
        });
        const { secrets: _was, ...rest } = before.account;
        const { secrets: _is, ...now } = toAccount(row);
        const details = {
          ...changedMembers(rest, now),
          ...(decision === undefined ? {} : { secrets: decision.details }),
        };
        await recordAdminAct(tx, {
          ...admin,
          action: moved ? 'account.moved' : actionOf(change),
          subject: id,
          details,
        });
        return { subjectId: id, answer: answer(toAccount(row)) };
      }),
    setSecrets: (admin, request, id, { decide, answer }) =>
      adminOnce(db, admin, request, async (tx) => {
        const before = await lockedAccount(tx, id);
        if (before === undefined) return undefined;
        const decision = decide(before.account, before.sealed);
        await keepSecrets(tx, id, decision);
        const { facts, details } = decision;
        await recordAdminAct(tx, { ...admin, action: 'account.secrets_set', subject: id, details });
        return { subjectId: id, answer: answer({ ...before.account, secrets: facts }) };
      }),
    async noteCheck(admin, { id, provider, baseUrl }) {
      const details = { provider, baseUrl };
      await recordAdminAct(db, { ...admin, action: 'account.checked', subject: id, details });
    },
  };
}

async function keepSecrets(tx: Transaction, accountId: string, decision: SecretDecision): Promise<void> {
  const { sealed, facts } = decision;
  const kept = { sealed, facts: facts as unknown as Prisma.InputJsonObject };
  await tx.providerSecret.upsert({
    where: { accountId },
    create: { accountId, version: 1, ...kept },
    update: { ...kept, version: { increment: 1 } },
  });
}

/** Whoever is asked about them has to be who they were sent to. Few are open at a time, and they have an index. */
async function openOperationsOf(tx: Transaction, accountId: string): Promise<number> {
  return tx.operation.count({ where: { closedAt: null, attempt: { accountId } } });
}

const WITH_FACTS = { secret: { select: { facts: true } } } as const;

/** Enabling and disabling are words of their own: they are what is looked for in an incident. */
function actionOf({ enabled, ...others }: AccountChange): string {
  if (enabled === undefined || Object.keys(others).length > 0) return 'account.changed';
  return enabled ? 'account.enabled' : 'account.disabled';
}

async function lockedAccount(
  tx: Transaction,
  id: string,
): Promise<{ readonly account: AdminAccount; readonly sealed: Uint8Array | undefined } | undefined> {
  await tx.$queryRaw`SELECT 1 FROM provider_account WHERE id = ${id} FOR UPDATE`;
  const row = await tx.providerAccount.findUnique({
    where: { id },
    include: { secret: { select: { facts: true, sealed: true } } },
  });
  return row === null ? undefined : { account: toAccount(row), sealed: row.secret?.sealed };
}

async function listAccounts(db: Db, filter: AccountFilter): Promise<AdminPage<AdminAccount>> {
  const { limit, merchantId, startingAfter } = filter;
  const cursor = await cursorOf(startingAfter, (id) =>
    db.providerAccount.findUnique({ where: { id }, select: { id: true, createdAt: true } }),
  );
  if (cursor === null) return { type: 'unknown_cursor' };
  const rows = await db.providerAccount.findMany({
    where: {
      ...(merchantId === undefined ? {} : { merchantId }),
      ...(cursor === undefined ? {} : olderThan(cursor)),
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
    include: WITH_FACTS,
  });
  return { type: 'page', rows: rows.slice(0, limit).map(toAccount), hasMore: rows.length > limit };
}

function dataOf<T extends AccountChange>({ settings, catalogue, ...rest }: T) {
  return {
    ...rest,
    ...(settings === undefined ? {} : { settings: settings as Prisma.InputJsonObject }),
    ...(catalogue === undefined ? {} : { catalogue: catalogue as Prisma.InputJsonObject }),
  };
}

type Row = ProviderAccount & { readonly secret: { readonly facts: unknown } | null };

function toAccount(row: Row): AdminAccount {
  const catalogue = catalogueOverridesSchema.safeParse(row.catalogue);
  return {
    id: row.id,
    merchantId: row.merchantId,
    mode: row.mode as Mode,
    provider: row.provider,
    baseUrl: row.baseUrl,
    settings: row.settings as Record<string, unknown>,
    enabled: row.enabled,
    catalogue: catalogue.success ? catalogue.data : {},
    // Written by this register alone.
    secrets: (row.secret?.facts ?? {}) as SecretFacts,
    createdAtMs: row.createdAt.getTime(),
  };
}
