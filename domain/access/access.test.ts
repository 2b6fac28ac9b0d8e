import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneTimePasswordOf } from './one-time.ts';
import { passwordProblem } from './passwords.ts';
import { may, PERMISSIONS, permissionsOf, ROLES, rolesWith } from './roles.ts';

describe('roles', () => {
  it('are as docs/console.md says', () => {
    const text = readFileSync(new URL('../../docs/console.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)`: [^|]*\|(.*)\|$/gm)].map(([, permission, cells]) => [
      permission,
      (cells ?? '').split('|').map((cell) => cell.trim() === 'yes'),
    ]);
    expect(text).toContain(`| permission | ${ROLES.join(' | ')} |`);
    expect(rows).toEqual(PERMISSIONS.map((each) => [each, ROLES.map((role) => may(role, each))]));
  });

  it('include, each, what the ones before may do', () => {
    const reach = ROLES.map((role) => permissionsOf(role).length);
    expect(reach).toEqual([...reach].sort((a, b) => a - b));
    expect(rolesWith('view')).toEqual(ROLES);
    expect(rolesWith('configure')).toEqual(['admin']);
  });
});

describe('a password', () => {
  const ada = { name: 'Ada Lovelace', email: 'a.lovelace@example.com' };
  it.each([
    ['short', 'abc def ghi'],
    ['longer than anybody types', 'abcdef '.repeat(40)],
    ['of few letters', 'ababababababab'],
    ['a common word with a year', 'Interlock2026'],
    ['two common words', 'passwordpassword'],
    ['keys in a row', 'qwertyuiop12'],
    ['made of the name', 'xx lovelace xx 77'],
    ['made of the address', 'A.LOVELACE@example.com'],
  ])('is refused where it is %s', (_what, password) => {
    expect(passwordProblem(password, ada)).toMatch(/password/i);
  });
  it.each(['correct horse battery', 'mein Weg zur Arbeit', 'пароль из многих слов', 'z8#Kq!02bV_x'])(
    'is taken: %s',
    (password) => expect(passwordProblem(password, ada)).toBeUndefined(),
  );
});

it('a one-time password has twenty letters that are not mistaken, whatever bytes it is made of', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: 0, max: 255 })), (bytes) => {
      // Some of each draw, so that no stream is without a fair byte for ever.
      const draw = (count: number) =>
        Uint8Array.from({ length: count }, (_, n) => (n === 0 ? 7 : (bytes.next().value ?? 0)));
      const password = oneTimePasswordOf(draw);
      expect(password).toMatch(/^([a-hj-km-np-z2-9]{4}-){4}[a-hj-km-np-z2-9]{4}$/);
      expect(passwordProblem(`${password} a word`, { name: 'x' })).toBeUndefined();
    }),
  );
});
