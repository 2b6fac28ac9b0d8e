/** Without letters that are mistaken for others when they are read out. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 5;
const GROUP_LENGTH = 4;

/**
 * A password that is read out once and changed at the first sign-in: twenty letters, 99 bits, in groups. The bytes are the
 * caller's to draw; those that would make some letters likelier than others are passed over.
 */
export function oneTimePasswordOf(randomBytes: (count: number) => Uint8Array): string {
  const fair = 256 - (256 % LETTERS.length);
  let letters = '';
  while (letters.length < GROUPS * GROUP_LENGTH) {
    for (const byte of randomBytes(GROUPS * GROUP_LENGTH)) {
      if (byte < fair && letters.length < GROUPS * GROUP_LENGTH)
        letters += LETTERS.charAt(byte % LETTERS.length);
    }
  }
  return (letters.match(new RegExp(`.{${GROUP_LENGTH}}`, 'g')) ?? []).join('-');
}
