/**
 * db/settings/admin/: what only administrators change: merchants, their keys, provider accounts and secrets, endpoints; and
 * what they read: the audit log and its verification. Every change is one transaction with its row in the chain of
 * administrators' acts.
 */
import type { Db } from '../../client.ts';
import { type AccountAdministration, createAccountAdministration } from './accounts.ts';
import { type AlarmAdministration, createAlarmAdministration } from './alarms.ts';
import {
  type ChainCursor,
  type ChainScope,
  type ChainStep,
  chainsToVerify,
  verifyChains,
} from './audit-chains.ts';
import { type AuditLogReader, createAuditLogReader } from './audit-log.ts';
import { createEndpointAdministration, type EndpointAdministration } from './endpoints.ts';
import { createKeyAdministration, type KeyAdministration } from './keys.ts';
import { createMerchantAdministration, type MerchantAdministration } from './merchants.ts';
import { createVerificationRegister, type VerificationRegister } from './verifications.ts';

export type {
  AccountAdministration,
  AccountChange,
  AdminAccount,
  NewAccount,
  SecretDecision,
  SecretFacts,
} from './accounts.ts';
export type { Admin } from './admin.ts';
export {
  CHAIN_BEGINNING,
  type ChainCursor,
  type ChainFinding,
  type ChainScope,
  type ChainStep,
} from './audit-chains.ts';
export { AUDIT_KINDS, type AuditEntry, type AuditFilter, type AuditLogReader } from './audit-log.ts';
export type { AdminEndpoint, EndpointAct } from './endpoints.ts';
export type { AdminKey } from './keys.ts';
export type { AdminMerchant, AdminPage, MerchantChange } from './merchants.ts';
export type { Verification, VerificationRegister } from './verifications.ts';

export interface Administration {
  readonly merchants: MerchantAdministration;
  readonly keys: KeyAdministration;
  readonly accounts: AccountAdministration;
  readonly endpoints: EndpointAdministration;
  readonly alarms: AlarmAdministration;
  readonly auditLog: AuditLogReader;
  readonly verifications: VerificationRegister;
  readonly chains: {
    count(scope: ChainScope): Promise<number>;
    verify(scope: ChainScope, cursor: ChainCursor): Promise<ChainStep>;
  };
}

/** People's lists are read by `reads`, which payments don't share. */
export function createAdministration(db: Db, reads: Db): Administration {
  return {
    alarms: createAlarmAdministration(db),
    merchants: createMerchantAdministration(db, reads),
    keys: createKeyAdministration(db, reads),
    accounts: createAccountAdministration(db, reads),
    endpoints: createEndpointAdministration(db, reads),
    auditLog: createAuditLogReader(reads),
    verifications: createVerificationRegister(db),
    chains: {
      count: (scope) => chainsToVerify(db, scope),
      verify: (scope, cursor) => verifyChains(db, scope, cursor),
    },
  };
}
