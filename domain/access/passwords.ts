/**
 * Which passwords a person may choose. Length is what counts; what is refused besides is what a guesser tries first. Rules about
 * digits and capitals only make people write `Password1!`.
 */
export const MIN_PASSWORD_LENGTH = 12;
/** More would only cost time: the hash takes whatever length in. */
export const MAX_PASSWORD_LENGTH = 200;
const MIN_DISTINCT = 5;
/** A name this short is part of many good words. */
const MIN_NAME_LENGTH = 4;

const COMMON = [
  'password',
  'passwort',
  'interlock',
  'qwertyuiop',
  'qwertzuiop',
  '123456789',
  '987654321',
  'abcdefghij',
  'letmein',
  'iloveyou',
  'changeme',
];

/** Why this password may not be theirs, or undefined. */
export function passwordProblem(
  password: string,
  person: { readonly name: string; readonly email?: string },
): string | undefined {
  const length = [...password].length;
  if (length < MIN_PASSWORD_LENGTH) return `A password has at least ${MIN_PASSWORD_LENGTH} characters.`;
  if (length > MAX_PASSWORD_LENGTH) return `A password has at most ${MAX_PASSWORD_LENGTH} characters.`;
  const lower = password.normalize('NFKC').toLowerCase();
  if (new Set(lower).size < MIN_DISTINCT) return 'This password repeats too few characters.';
  const own = [person.email, person.email?.split('@')[0], person.name, ...person.name.split(/\s+/)]
    .map((text) => text?.toLowerCase() ?? '')
    .filter((text) => text.length >= MIN_NAME_LENGTH);
  if (own.some((text) => lower.includes(text)))
    return 'A password may not contain your own name or e-mail address.';
  // What is left when the common word is taken out has to be a password of some length by itself.
  const isCommon = COMMON.some((word) => lower.split(word).join('').length < MIN_PASSWORD_LENGTH / 2);
  return isCommon ? 'This password is one of the first that anybody would try.' : undefined;
}
