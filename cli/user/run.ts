/**
 * What `./interlock user` does: people who may sign in at the console, from the machine itself. It needs the database and the
 * installation's keys, and so nobody's leave: this is how the first administrator gets in, and how one comes back who is locked
 * out. Everything else has its page in the console. What is done here stands in the administrators' chain, as `cli`.
 */
import { randomBytes } from 'node:crypto';
import { loadConfig } from '../../config/env.ts';
import { type Db, openDb } from '../../db/client.ts';
import {
  alter,
  createPeopleRegister,
  createTryBook,
  hashPassword,
  letIn,
  type Person,
  type PersonChange,
  Refused,
  type TryBook,
} from '../../db/settings/index.ts';
import { oneTimePasswordOf } from '../../domain/access/one-time.ts';
import { apiKeyDigest } from '../api-key-digest.ts';
import { UserError } from '../install.mjs';
import { stackEnvironment } from '../stack/stack-file.ts';
import { parseUserOrder, type UserOrder } from './order.ts';

type Env = Record<string, string | undefined>;

interface Told {
  readonly body: object;
  readonly words: string;
}

/** Only asked what is locked, and told to forget: the rules of locking are the API's. */
const NO_RULES = { failures: 0, withinMs: 0, forMs: 0 };

export async function runUser(
  argv: readonly string[],
  env: Env,
  out: (line: string) => void,
): Promise<number> {
  const order = parseUserOrder(argv);
  const config = loadConfig(stackEnvironment(env));
  const db = openDb(config.databaseUrl, { maxConnections: 2 });
  const tries = createTryBook(db, (text) => apiKeyDigest(text, config.keys.digest), NO_RULES);
  try {
    const { body, words } = await carryOut(order, db, tries);
    out(order.json ? JSON.stringify(body) : words);
    return 0;
  } catch (error) {
    throw error instanceof Refused ? new UserError(REFUSALS[error.refusal.type]) : error;
  } finally {
    await db.$disconnect();
  }
}

const REFUSALS = {
  email_taken: 'somebody has this e-mail address already; ./interlock user list shows who',
  last_admin: 'nobody would be left who may change this again; make somebody else an admin first',
} as const;

async function carryOut(order: UserOrder, db: Db, tries: TryBook): Promise<Told> {
  if (order.what === 'list') {
    const people = await createPeopleRegister(db, tries).list(Date.now());
    return {
      body: people,
      words: people.map(sayPerson).join('\n') || 'Nobody. Begin with ./interlock user add',
    };
  }
  if (order.what === 'add') return add(order, db);
  const { email } = order;
  const found = await db.operator.findUnique({ where: { email }, select: { id: true } });
  if (found === null) throw new UserError(`nobody has the e-mail address ${email}`);
  const password = order.what === 'reset' ? oneTimePasswordOf(randomBytes) : undefined;
  const change = await changeOf(order, password);
  const by = { actor: 'cli', reason: order.reason, nowMs: Date.now() };
  await db.$transaction((tx) => alter(tx, found.id, change, by, tries));
  const body = { id: found.id, email, ...(password === undefined ? {} : { one_time_password: password }) };
  return { body, words: password === undefined ? sayDone(order) : sayPassword(email, password) };
}

async function add(order: Extract<UserOrder, { what: 'add' }>, db: Db): Promise<Told> {
  const { email, name, role, reason } = order;
  const id = `opr_${randomBytes(12).toString('hex')}`;
  const password = oneTimePasswordOf(randomBytes);
  const person = { id, email, name, role, passwordHash: await hashPassword(password) };
  await db.$transaction((tx) => letIn(tx, person, { actor: 'cli', reason, nowMs: Date.now() }));
  return {
    body: { id, email, name, role, one_time_password: password },
    words: sayPassword(email, password),
  };
}

async function changeOf(
  order: Exclude<UserOrder, { what: 'list' | 'add' }>,
  password: string | undefined,
): Promise<PersonChange> {
  switch (order.what) {
    case 'role':
      return { role: order.role };
    case 'disable':
      return { disabled: true };
    case 'enable':
      return { disabled: false };
    case 'reset':
      return {
        ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }),
        unlock: true,
        ...(order.totp ? { resetTotp: true as const } : {}),
      };
  }
}

function sayPassword(email: string, password: string): string {
  return `${email}  ${password}\nThis password is shown once, is good for 72 hours, and has to be changed at the first sign-in.`;
}

function sayDone(order: Exclude<UserOrder, { what: 'list' | 'add' }>): string {
  const { email } = order;
  const done = {
    role: 'has the new role, and is signed out',
    disable: 'is signed out, and neither signs in nor uses a key any more',
    enable: 'may sign in again',
    reset: 'has a new password',
  } as const;
  return `${email} ${done[order.what]}.`;
}

function sayPerson(person: Person): string {
  const facts = [
    person.hasTotp ? 'second factor' : undefined,
    person.hasKey ? 'key' : undefined,
    person.passwordExpired ? 'one-time password' : undefined,
    person.lockedUntil === undefined ? undefined : `locked until ${person.lockedUntil.toISOString()}`,
    person.disabledAt === undefined ? undefined : 'disabled',
  ].filter((fact) => fact !== undefined);
  const columns = [
    person.id.padEnd(26),
    person.role.padEnd(10),
    (person.email ?? '-').padEnd(32),
    person.name,
  ];
  return `${columns.join('  ')}${facts.length === 0 ? '' : `  (${facts.join(', ')})`}`;
}
