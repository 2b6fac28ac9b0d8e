/**
 * Looks for card numbers and security codes in whatever text it is given. Card numbers are looked for as
 * digits, in groups, and in the encodings in which they could hide (base64 at each offset, hex); security
 * codes, too short to be told from other numbers, by the name of their field.
 */
export interface Haystack {
  /** Where the text was, e.g. `table payment`. */
  readonly place: string;
  readonly text: string;
}

export interface Leak {
  readonly place: string;
  /** What was found, by its last four digits or its field. */
  readonly what: string;
  readonly as: 'digits' | 'base64' | 'hex' | 'security code';
}

interface Needle {
  readonly what: string;
  readonly digits: string;
  readonly base64: readonly string[];
  readonly hex: string;
}

export function findLeaks(haystacks: readonly Haystack[], cardNumbers: readonly string[]): Leak[] {
  const needles = cardNumbers.map(needleOf);
  return haystacks.flatMap(({ place, text }) => {
    const joined = joinGroups(text);
    const lower = text.toLowerCase();
    const cards = needles.flatMap((needle): Leak[] => {
      const { what } = needle;
      if (joined.includes(needle.digits)) return [{ place, what, as: 'digits' }];
      if (lower.includes(needle.hex)) return [{ place, what, as: 'hex' }];
      if (needle.base64.some((each) => text.includes(each))) return [{ place, what, as: 'base64' }];
      return [];
    });
    const code = SECURITY_CODE.exec(text)?.[1];
    return code === undefined ? cards : [...cards, { place, what: code, as: 'security code' }];
  });
}

/** A field of one of these names with three or four digits as its value, in JSON (also escaped) or a form. */
const SECURITY_CODE =
  /\b(cvc2?|cvv2?|cid|security_?code|card_?security_?code|encryptedSecurityCode)\b[\\"'\]\s]*[:=][\\"'\s]*\d{3,4}(?!\d)/i;

function needleOf(number: string): Needle {
  return {
    what: `…${number.slice(-4)}`,
    digits: number,
    base64: [0, 1, 2].map((offset) => base64At(number, offset)),
    hex: Buffer.from(number).toString('hex'),
  };
}

/** The part of the base64 text that depends on the digits alone, when `offset` bytes stand before them. */
function base64At(digits: string, offset: number): string {
  const encoded = Buffer.from(`${'x'.repeat(offset)}${digits}`)
    .toString('base64')
    .replace(/=+$/, '');
  const head = Math.ceil((offset * 8) / 6);
  const whole = Math.floor(((offset + digits.length) * 8) / 6);
  return encoded.slice(head, whole);
}

/** `4242 4242-4242.4242` reads as one number. */
function joinGroups(text: string): string {
  return text.replace(/(?<=\d)[\s.\-_/]{1,3}(?=\d)/g, '');
}
