/**
 * Keeps card numbers out of everything that isn't a card: they would end in Postgres, in histories, in
 * logs. Found are numbers of 13 to 19 digits, written together or in groups, with a valid check digit and
 * a first digit that the card schemes use; order numbers and timestamps, which begin otherwise, pass.
 */
export type LuhnCheck = (digits: string) => boolean;

const MIN_DIGITS = 13;
const MAX_DIGITS = 19;
/** 3 to 6 are the schemes' major industries; beside them Mastercard's 2 series and UnionPay's 81. */
const SCHEME_PREFIX = /^(?:[3-6]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|81)/;
/**
 * Random names in hexadecimal hold long runs of digits often enough to be mistaken, 1 in some thousand, and who is
 * refused their id once is refused it always. A short one has letters in two places: `cc4242424242424242` is a card.
 */
const HEXADECIMAL_NAMES = new RegExp(
  [
    '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
    '(?=[0-9]*[a-f])[0-9a-f]{24,}',
    '(?=[0-9]*[a-f]+[0-9]+[a-f])[0-9a-f]{16,}',
  ]
    .map((name) => `(?<![0-9a-z])${name}(?![0-9a-z])`)
    .join('|'),
  'gi',
);
const SEPARATED_DIGITS = /\d(?:[\s.\-_/]{0,2}\d)+/g;

export function containsCardNumber(text: string, isLuhnValid: LuhnCheck): boolean {
  if (text.length < MIN_DIGITS) return false;
  // Full-width and other digits are read as the ones they stand for.
  const searched = text.normalize('NFKC').replace(HEXADECIMAL_NAMES, ' ');
  for (const [run] of searched.matchAll(SEPARATED_DIGITS)) {
    if (groupsHoldCardNumber(run.match(/\d+/g) ?? [], isLuhnValid)) return true;
  }
  return false;
}

/** Any neighbouring whole groups: `ref 12 4242 4242 4242 4242` holds one, although it begins with 12. */
function groupsHoldCardNumber(groups: readonly string[], isLuhnValid: LuhnCheck): boolean {
  return groups.some((_, from) => {
    let digits = '';
    for (const group of groups.slice(from)) {
      digits += group;
      if (digits.length > MAX_DIGITS) return false;
      if (digits.length >= MIN_DIGITS && SCHEME_PREFIX.test(digits) && isLuhnValid(digits)) return true;
    }
    return false;
  });
}

/**
 * The path of the first string in a JSON value, a member's name included, that holds a card number.
 * `except` are the paths where one belongs. A name that holds one is reported as its parent.
 */
export function findCardNumber(
  value: unknown,
  isLuhnValid: LuhnCheck,
  except: readonly string[],
  path = '',
): string | undefined {
  if (except.includes(path)) return undefined;
  if (typeof value === 'string') {
    return [value, percentDecoded(value)].some((text) => containsCardNumber(text, isLuhnValid))
      ? path
      : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (containsCardNumber(name, isLuhnValid)) return path;
    const found = findCardNumber(member, isLuhnValid, except, path === '' ? name : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const REDACTED_NAMES = new Set([
  'cvc',
  'cvv',
  'cvv2',
  'pan',
  'card_number',
  'number_pan',
  'expiry',
  'holder_name',
]);

/** A copy of a JSON value for people to read: card numbers masked, members named like card data left out. */
export function redacted(value: unknown, isLuhnValid: LuhnCheck): unknown {
  if (typeof value === 'string') return containsCardNumber(value, isLuhnValid) ? '[redacted]' : value;
  if (typeof value === 'number') return containsCardNumber(String(value), isLuhnValid) ? '[redacted]' : value;
  if (Array.isArray(value)) return value.map((each) => redacted(each, isLuhnValid));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !REDACTED_NAMES.has(name.toLowerCase().replaceAll('-', '_')))
      .map(([name, member]) => [
        containsCardNumber(name, isLuhnValid) ? '[redacted]' : name,
        redacted(member, isLuhnValid),
      ]),
  );
}
