import { describe, expect, it } from 'vitest';
import { findLeaks } from './search.ts';

const PAN = '4242424242424242';
const found = (text: string) => findLeaks([{ place: 'here', text }], [PAN]).map((leak) => leak.as);

describe('the search for card numbers', () => {
  it.each([
    ['plain', `{"note":"${PAN}"}`],
    ['with spaces', 'paid with 4242 4242 4242 4242 today'],
    ['with dashes', '4242-4242-4242-4242'],
    ['with dots and slashes', '4242.4242/4242_4242'],
  ])('finds digits %s', (_name, text) => {
    expect(found(text)).toEqual(['digits']);
  });

  it.each([0, 1, 2, 3, 4, 5])('finds base64 behind %i other bytes', (offset) => {
    const text = Buffer.from(`${'#'.repeat(offset)}${PAN}, and more`).toString('base64');
    expect(found(text)).toEqual(['base64']);
  });

  it('finds hex, in either case, as bytea columns are shown', () => {
    const hex = Buffer.from(`number=${PAN}`).toString('hex');
    expect(found(`\\x${hex}`)).toEqual(['hex']);
    expect(found(hex.toUpperCase())).toEqual(['hex']);
  });

  it('says nothing about the last four digits, the first six, or another number', () => {
    expect(found('{"last4":"4242","bin":"424242","amount":4242424242}')).toEqual([]);
  });
});

describe('the search for security codes', () => {
  it.each([
    '{"cvc":"737"}',
    '{\\"cvc\\":\\"737\\"}',
    'card[cvc]=737',
    "securityCode: '7373'",
    '{"cvv2": 123}',
  ])('finds one in %s', (text) => {
    expect(found(text)).toEqual(['security code']);
  });

  it('takes no verdict or longer number for one', () => {
    expect(found('{"cvcResult":"1 Matches","cvc_check":"pass","cid":"12345"}')).toEqual([]);
  });
});
