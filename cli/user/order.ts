import { parseArgs } from 'node:util';
import { isRole, ROLES, type Role } from '../../domain/access/roles.ts';
import { UsageError } from '../verb.ts';

export type UserOrder = { readonly json: boolean } & (
  | { readonly what: 'list' }
  | {
      readonly what: 'add';
      readonly email: string;
      readonly name: string;
      readonly role: Role;
      readonly reason: string;
    }
  | { readonly what: 'role'; readonly email: string; readonly role: Role; readonly reason: string }
  | {
      readonly what: 'reset' | 'disable' | 'enable';
      readonly email: string;
      readonly totp: boolean;
      readonly reason: string;
    }
);

const WHATS = ['list', 'add', 'role', 'reset', 'disable', 'enable'] as const;
const EMAIL = /^[^\s@]+@[^\s@]+$/;

export function parseUserOrder(argv: readonly string[]): UserOrder {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      role: { type: 'string' },
      reason: { type: 'string', default: 'on the command line' },
      totp: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [said, email, ...rest] = positionals;
  const what = WHATS.find((each) => each === said);
  if (what === undefined) throw new UsageError(`say one of ${WHATS.join(', ')}`);
  if (rest.length > 0) throw new UsageError(`${rest.join(' ')} is too much`);
  const { json, reason, totp } = values;
  if (what === 'list') return { what, json };
  if (email === undefined || !EMAIL.test(email)) throw new UsageError(`${what} needs an e-mail address`);
  const common = { json, reason, email: email.toLowerCase() };
  switch (what) {
    case 'add':
      return { ...common, what, name: nameOf(values.name, email), role: roleOf(values.role) };
    case 'role':
      return { ...common, what, role: roleOf(values.role) };
    default:
      return { ...common, what, totp };
  }
}

function nameOf(name: string | undefined, email: string): string {
  return name ?? email.split('@')[0] ?? email;
}

function roleOf(text: string | undefined): Role {
  if (text !== undefined && isRole(text)) return text;
  throw new UsageError(`--role is one of ${ROLES.join(', ')}`);
}
