import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** What one guess costs. The memory is 128 * r * 2^ln bytes. */
export interface PasswordCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's first choice for scrypt: 128 MB, and some tenths of a second. */
export const PASSWORD_COST: PasswordCost = { ln: 17, r: 8, p: 1 };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/;

/** In the form of the PHC, with its cost and salt: `$scrypt$ln=17,r=8,p=1$...$...`. */
export async function hashPassword(password: string, cost: PasswordCost = PASSWORD_COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return format(cost, salt, await derive(password, salt, cost));
}

/** Compares in constant time; what isn't a hash of ours matches nothing. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [, ln, r, p, salt, hash] = FORM.exec(stored) ?? [];
  if (salt === undefined || hash === undefined) return false;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const expected = Buffer.from(hash, 'base64');
  const derived = await derive(password, Buffer.from(salt, 'base64'), cost);
  return expected.length === derived.length && timingSafeEqual(expected, derived);
}

/** The hash of nobody's password: who asks for an unknown person waits as long as for a known one. */
export function nobodysHash(cost: PasswordCost = PASSWORD_COST): string {
  return format(cost, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
}

function format({ ln, r, p }: PasswordCost, salt: Buffer, hash: Buffer): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function derive(password: string, salt: Buffer, { ln, r, p }: PasswordCost): Promise<Buffer> {
  const N = 2 ** ln;
  // Twice of what it needs by the formula: Node refuses what comes close to the limit.
  const options = { N, r, p, maxmem: 256 * r * N };
  return new Promise((resolve, reject) => {
    // The same text typed on another keyboard may be other code points.
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
