/**
 * What may leave an adapter as text. A provider's free text can quote the request, card number included,
 * so none of it is passed on: sentences are ours, and codes pass only in the shape of a code.
 */
const CODE = /^[A-Za-z0-9][A-Za-z0-9_.:[\] -]{0,63}$/;
const MANY_DIGITS = /\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d/;

/** A provider's code verbatim, or `fallback` for what is not one (too long, odd characters, digits in a row). */
export function safeCode(value: unknown, fallback: string): string {
  if (typeof value !== 'string' && typeof value !== 'number') return fallback;
  const text = String(value);
  return CODE.test(text) && !MANY_DIGITS.test(text) ? text : fallback;
}

/** As `safeCode`, for a field that may be left out. */
export function optionalCode(value: unknown): string | undefined {
  const code = safeCode(value, '');
  return code === '' ? undefined : code;
}
