/** Who may sign in, with what, and until when; and what administrators did. */
export { ADMIN_CHAIN, type AdminAct, recordAdminAct } from './admin-audit.ts';
export {
  alter,
  letIn,
  type NewPerson,
  type PersonChange,
  type PersonRefusal,
  Refused,
} from './changes.ts';
export {
  type CredentialRegister,
  type Credentials,
  createCredentialRegister,
  type Proven,
} from './credentials.ts';
export {
  hashPassword,
  isPassword,
  nobodysHash,
  PASSWORD_COST,
  type PasswordCost,
} from './passwords.ts';
export {
  type AdminOrder,
  createPeopleRegister,
  type PeopleRegister,
  type Person,
} from './people.ts';
export {
  createSessionRegister,
  type Judged,
  type RevokedBecause,
  type SessionPerson,
  type SessionRegister,
  type StoredSession,
} from './sessions.ts';
export { createTryBook, type LockRules, type TryBook } from './tries.ts';
