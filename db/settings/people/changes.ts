import type { Role } from '../../../domain/access/roles.ts';
import type { Prisma } from '../../generated/client.ts';
import type { Transaction } from '../../requests/once.ts';
import { recordAdminAct } from './admin-audit.ts';
import { type RevokedBecause, revokeSessions } from './sessions.ts';
import type { TryBook } from './tries.ts';

/** What administrators do to people, by the API or on the machine itself: the change, what it ends, and its row in the chain. */

export interface NewPerson {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly passwordHash: string;
}

export interface PersonChange {
  readonly name?: string;
  readonly role?: Role;
  readonly disabled?: boolean;
  readonly unlock?: true;
  /** Of a one-time password, which they must change. */
  readonly passwordHash?: string;
  readonly resetTotp?: true;
  /** For good: they may be given another one. */
  readonly revokeKey?: true;
}

/** Who does it, and why. */
export interface By {
  readonly actor: string;
  readonly reason: string;
  readonly nowMs: number;
}

/** `email_taken`: somebody else has it. `last_admin`: nobody would be left who could undo it. */
export type PersonRefusal = { readonly type: 'email_taken' | 'last_admin' };

/** A password that somebody else made and nobody has changed is good for so long. */
const ONE_TIME_MS = 72 * 60 * 60 * 1_000;

/** Thrown, so that the transaction takes back what was done. */
export class Refused extends Error {
  readonly refusal: PersonRefusal;
  constructor(type: PersonRefusal['type']) {
    super(type);
    this.refusal = { type };
  }
}

export const PERSON = {
  id: true,
  name: true,
  email: true,
  role: true,
  passwordHash: true,
  passwordExpired: true,
  passwordExpiresAt: true,
  totpConfirmedAt: true,
  digest: true,
  revokedAt: true,
  createdAt: true,
  disabledAt: true,
} as const;
export type PersonRow = Prisma.OperatorGetPayload<{ select: typeof PERSON }>;

/** Their password is somebody else's making, so it has to be changed before anything else. */
export async function letIn(tx: Transaction, person: NewPerson, { actor, reason, nowMs }: By): Promise<void> {
  await oneAtATime(tx);
  const other = await tx.operator.findUnique({ where: { email: person.email }, select: { id: true } });
  if (other !== null) throw new Refused('email_taken');
  await tx.operator.create({ data: { ...person, ...mustChange(nowMs) } });
  const { id: subject, name, email, role } = person;
  await recordAdminAct(tx, {
    actor,
    action: 'person.created',
    subject,
    reason,
    details: { name, email, role },
  });
}

/** False: there is nobody of this id. */
export async function alter(
  tx: Transaction,
  id: string,
  change: PersonChange,
  { actor, reason, nowMs }: By,
  tries: Pick<TryBook, 'forget'>,
): Promise<boolean> {
  await oneAtATime(tx);
  const before = await tx.operator.findUnique({ where: { id }, select: PERSON });
  if (before === null) return false;
  await tx.operator.update({ where: { id }, data: dataOf(change, before, nowMs) });
  const wasAdmin = before.role === 'admin' && before.disabledAt === null;
  if (wasAdmin && !(await hasAdministrator(tx))) throw new Refused('last_admin');
  const because = endsSessions(change, before);
  if (because !== undefined) await revokeSessions(tx, { operatorId: id }, because, nowMs);
  if (change.unlock && before.email !== null) await tries.forget(before.email);
  const details = detailsOf(change, before);
  await recordAdminAct(tx, { actor, action: 'person.changed', subject: id, reason, details });
  return true;
}

/** Who is the last administrator, and whose an e-mail is, is asked by one at a time, until the commit. */
export const PEOPLE_LOCK = 'interlock/people';

async function oneAtATime(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${PEOPLE_LOCK}, 0))`;
}

function mustChange(nowMs: number) {
  return { passwordExpired: true, passwordExpiresAt: new Date(nowMs + ONE_TIME_MS) };
}

function dataOf(change: PersonChange, before: PersonRow, nowMs: number): Prisma.OperatorUpdateInput {
  const { name, role, disabled, passwordHash, resetTotp, revokeKey } = change;
  return {
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
    ...(disabled === undefined ? {} : { disabledAt: disabled ? new Date(nowMs) : null }),
    ...(passwordHash === undefined ? {} : { passwordHash, ...mustChange(nowMs) }),
    ...(resetTotp ? { sealedTotp: null, totpConfirmedAt: null, totpLastStep: null } : {}),
    ...(revokeKey && hasKey(before) ? { revokedAt: new Date(nowMs) } : {}),
  };
}

function endsSessions(change: PersonChange, before: PersonRow): RevokedBecause | undefined {
  if (change.disabled === true) return 'disabled';
  if (change.role !== undefined && change.role !== before.role) return 'role';
  if (change.passwordHash !== undefined) return 'password';
  return change.resetTotp ? 'totp' : undefined;
}

/** What was changed from what to what; of a password only that it was. */
function detailsOf(change: PersonChange, before: PersonRow): Readonly<Record<string, unknown>> {
  const { name, role, disabled, unlock, passwordHash, resetTotp, revokeKey } = change;
  return {
    ...(name === undefined ? {} : { name: { from: before.name, to: name } }),
    ...(role === undefined ? {} : { role: { from: before.role, to: role } }),
    ...(disabled === undefined ? {} : { disabled: { from: before.disabledAt !== null, to: disabled } }),
    ...(unlock ? { unlocked: true } : {}),
    ...(passwordHash === undefined ? {} : { password_reset: true }),
    ...(resetTotp ? { totp_reset: true } : {}),
    ...(revokeKey && hasKey(before) ? { key_revoked: true } : {}),
  };
}

/** One that works. */
export function hasKey({ digest, revokedAt }: Pick<PersonRow, 'digest' | 'revokedAt'>): boolean {
  return digest !== null && revokedAt === null;
}

/** One who can still sign in. The lock that is held keeps another change from taking the other one away. */
async function hasAdministrator(tx: Transaction): Promise<boolean> {
  const row = await tx.operator.findFirst({
    where: {
      role: 'admin',
      disabledAt: null,
      OR: [{ passwordHash: { not: null } }, { digest: { not: null }, revokedAt: null }],
    },
    select: { id: true },
  });
  return row !== null;
}
