import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bin, cardNumberProblem, detectBrand, isLuhnValid, last4 } from './card-number.ts';

/** Test numbers that Stripe and Adyen publish. */
const PUBLISHED = {
  visa: ['4242424242424242', '4000056655665556', '4111111111111111', '4212345678910006'],
  mastercard: ['5555555555554444', '2223003122003222', '5105105105105100', '5454545454545454'],
  amex: ['378282246310005', '371449635398431', '370000000000002'],
  discover: ['6011111111111117', '6011000990139424', '6011601160116611', '6445644564456445'],
  diners: ['3056930009020004', '36227206271667', '36006666333344'],
  jcb: ['3566002020360505', '3569990010095841'],
  unionpay: ['6200000000000005', '6200000000000047', '6205500000000000004', '8171999927660000'],
} as const;

describe('published test numbers', () => {
  for (const [brand, numbers] of Object.entries(PUBLISHED)) {
    for (const number of numbers) {
      it(`${brand} ${number}`, () => {
        expect(detectBrand(number)).toBe(brand);
        expect(cardNumberProblem(number)).toBeUndefined();
      });
    }
  }
});

describe('brand ranges', () => {
  it.each([
    ['2220', undefined],
    ['2221', 'mastercard'],
    ['2720', 'mastercard'],
    ['2721', undefined],
    ['50', undefined],
    ['51', 'mastercard'],
    ['55', 'mastercard'],
    ['56', undefined],
    ['3527', undefined],
    ['3528', 'jcb'],
    ['3589', 'jcb'],
    ['3590', undefined],
    ['306', undefined],
    ['3094', undefined],
    ['3095', 'diners'],
    ['643', undefined],
    ['644', 'discover'],
    ['8172', undefined],
    ['6010', undefined],
    ['', undefined],
    ['6', undefined],
  ])('%s is %s', (prefix, brand) => {
    expect(detectBrand(prefix)).toBe(brand);
  });
});

describe('check digit', () => {
  it('exactly one last digit fits, and any single wrong digit is found', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^\d{11,18}$/),
        fc.nat(),
        fc.integer({ min: 1, max: 9 }),
        (stem, at, by) => {
          const fitting = Array.from({ length: 10 }, (_, digit) => `${stem}${digit}`).filter(isLuhnValid);
          expect(fitting).toHaveLength(1);
          const [number = ''] = fitting;
          const index = at % number.length;
          const wrong = (Number(number.charAt(index)) + by) % 10;
          expect(isLuhnValid(number.slice(0, index) + wrong + number.slice(index + 1))).toBe(false);
        },
      ),
    );
  });

  it('is not for anything but ASCII digits', () => {
    for (const text of ['', '4242 4242 4242 4242', '٤٢٤٢', '-1', '4e1', 'abc']) {
      expect(isLuhnValid(text)).toBe(false);
      expect(cardNumberProblem(text)).toBe('not_digits');
    }
  });
});

describe('problems', () => {
  it.each([
    ['4242424242424241', 'wrong_checksum'],
    ['42424242424242', 'wrong_length'],
    ['37828224631000', 'wrong_length'],
    ['00000000000', 'wrong_length'],
    ['00000000000000000000', 'wrong_length'],
    // Maestro: no brand of ours, and still a number that a provider may take.
    ['6759649826438453', undefined],
  ])('%s: %s', (number, problem) => {
    expect(cardNumberProblem(number)).toBe(problem);
  });
});

describe('what may be shown of a number', () => {
  it('eight digits of sixteen, six of any other length, and the last four', () => {
    expect([bin('4242424242424242'), last4('4242424242424242')]).toEqual(['42424242', '4242']);
    expect([bin('378282246310005'), last4('378282246310005')]).toEqual(['378282', '0005']);
    expect([bin('6205500000000000004'), last4('6205500000000000004')]).toEqual(['620550', '0004']);
  });
});
