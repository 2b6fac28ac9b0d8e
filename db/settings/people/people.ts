import type { Role } from '../../../domain/access/roles.ts';
import type { Db } from '../../client.ts';
import { doOnce, type KeptOnce, type NamedRequest, type Transaction } from '../../requests/once.ts';
import { roleOf } from '../operators.ts';
import {
  alter,
  type By,
  hasKey,
  letIn,
  type NewPerson,
  PEOPLE_LOCK,
  PERSON,
  type PersonChange,
  type PersonRefusal,
  type PersonRow,
  Refused,
} from './changes.ts';
import type { TryBook } from './tries.ts';

/** A person, as administrators see them: nothing that could be used to sign in. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly role: Role;
  readonly hasPassword: boolean;
  readonly passwordExpired: boolean;
  /** Until when a one-time password is good. */
  readonly passwordExpiresAt?: Date;
  readonly hasTotp: boolean;
  readonly hasKey: boolean;
  readonly createdAt: Date;
  readonly disabledAt?: Date;
  readonly lockedUntil?: Date;
  readonly seenAt?: Date;
}

/** Who does it, why, and the request that it is answered under. */
export interface AdminOrder {
  readonly operatorId: string;
  readonly reason: string;
  readonly request: NamedRequest;
  readonly nowMs: number;
}

export interface PeopleRegister {
  /** By name; there are as many as work here. */
  list(nowMs: number): Promise<readonly Person[]>;
  find(id: string, nowMs: number): Promise<Person | undefined>;
  create(
    order: AdminOrder,
    person: NewPerson,
    answer: (made: Person) => object,
  ): Promise<KeptOnce | PersonRefusal>;
  change(
    order: AdminOrder,
    id: string,
    change: PersonChange,
    answer: (changed: Person) => object,
  ): Promise<KeptOnce | PersonRefusal>;
}

/** More people than this are not listed; a console for so many has its directory elsewhere. */
const MOST_LISTED = 1_000;
export function createPeopleRegister(db: Db, tries: Pick<TryBook, 'forget' | 'lockedUntil'>): PeopleRegister {
  const read = async (on: Db | Transaction, id: string | undefined, nowMs: number): Promise<Person[]> => {
    const rows = await on.operator.findMany({
      ...(id === undefined ? {} : { where: { id } }),
      orderBy: [{ name: 'asc' }, { id: 'asc' }],
      take: MOST_LISTED,
      select: PERSON,
    });
    const seen = await on.consoleSession.groupBy({
      by: ['operatorId'],
      where: { operatorId: { in: rows.map((row) => row.id) } },
      _max: { seenAt: true },
    });
    const seenAt = new Map(seen.map((each) => [each.operatorId, each._max.seenAt]));
    const emails = rows.flatMap(({ email }) => email ?? []);
    const locked = await tries.lockedUntil(emails, nowMs);
    return rows.map((row) => toPerson(row, seenAt.get(row.id) ?? undefined, locked.get(row.email ?? '')));
  };
  const inOrder = async (
    order: AdminOrder,
    act: (tx: Transaction) => Promise<{ subjectId: string; answer: object } | undefined>,
  ): Promise<KeptOnce | PersonRefusal> => {
    const owner = { merchantId: order.operatorId, mode: 'live' } as const;
    try {
      return await doOnce(db, owner, order.request, act, PEOPLE_LOCK);
    } catch (error) {
      if (error instanceof Refused) return error.refusal;
      throw error;
    }
  };
  return {
    list: (nowMs) => read(db, undefined, nowMs),
    find: async (id, nowMs) => (await read(db, id, nowMs))[0],
    create: (order, person, answer) =>
      inOrder(order, async (tx) => {
        await letIn(tx, person, by(order));
        return answered(await read(tx, person.id, order.nowMs), answer);
      }),
    change: (order, id, change, answer) =>
      inOrder(order, async (tx) => {
        if (!(await alter(tx, id, change, by(order), tries))) return undefined;
        return answered(await read(tx, id, order.nowMs), answer);
      }),
  };
}

function by({ operatorId, reason, nowMs }: AdminOrder): By {
  return { actor: `operator:${operatorId}`, reason, nowMs };
}

function answered([person]: Person[], answer: (person: Person) => object) {
  if (person === undefined) throw new Error('a person who was just written is not there');
  return { subjectId: person.id, answer: answer(person) };
}

function toPerson(row: PersonRow, seenAt: Date | undefined, lockedUntil: Date | undefined): Person {
  return {
    id: row.id,
    name: row.name,
    ...(row.email === null ? {} : { email: row.email }),
    role: roleOf(row.role),
    hasPassword: row.passwordHash !== null,
    passwordExpired: row.passwordExpired,
    ...(row.passwordExpiresAt === null ? {} : { passwordExpiresAt: row.passwordExpiresAt }),
    hasTotp: row.totpConfirmedAt !== null,
    hasKey: hasKey(row),
    createdAt: row.createdAt,
    ...(row.disabledAt === null ? {} : { disabledAt: row.disabledAt }),
    ...(lockedUntil === undefined ? {} : { lockedUntil }),
    ...(seenAt === undefined ? {} : { seenAt }),
  };
}
