// Faults that a cardholder name asks for, so that whoever can only send a payment can still break it:
// `SANDBOX <mode> [<number>] [on <operation>] [always]`. Also what every card network shares: Luhn, brands.

import type { FaultMode } from './faults.ts';
import type { Operation } from './provider.ts';

export interface TestFault {
  mode: FaultMode;
  operation: Operation;
  latencyMs: number;
  status: number;
  /** Otherwise it fires once per payment and operation, so that a resend of the same request succeeds. */
  always: boolean;
}

const MODES: readonly FaultMode[] = [
  'latency',
  'status',
  'status_after_commit',
  'reset_before_commit',
  'reset_after_commit',
  'truncate',
  'hang',
  'hang_after_commit',
];
const PATTERN =
  /^SANDBOX\s+([a-z_]+)(?:\s+(\d+))?(?:\s+on\s+(authorize|capture|void|refund|lookup))?(\s+always)?$/i;
const DEFAULT_LATENCY_MS = 1_000;
const DEFAULT_STATUS = 503;

function isMode(text: string): text is FaultMode {
  return (MODES as readonly string[]).includes(text);
}

/** Parses a cardholder name; undefined when it isn't a fault. */
export function parseTestFault(holderName: string | null | undefined): TestFault | undefined {
  const match = PATTERN.exec((holderName ?? '').trim());
  const mode = match?.[1]?.toLowerCase();
  if (match === null || mode === undefined || !isMode(mode)) return undefined;
  const argument = match[2] === undefined ? undefined : Number(match[2]);
  return {
    mode,
    operation: (match[3]?.toLowerCase() ?? 'authorize') as Operation,
    latencyMs: mode === 'latency' ? (argument ?? DEFAULT_LATENCY_MS) : 0,
    status: mode.startsWith('status') ? (argument ?? DEFAULT_STATUS) : DEFAULT_STATUS,
    always: match[4] !== undefined,
  };
}

/** `SANDBOX <word> <argument>` for values that steer an outcome rather than the connection. */
export function testDirective(holderName: string | null | undefined, word: string): string | undefined {
  const [first, second, ...rest] = (holderName ?? '').trim().split(/\s+/);
  return first?.toUpperCase() === 'SANDBOX' && second?.toLowerCase() === word ? rest.join(' ') : undefined;
}

/** The check digit of ISO/IEC 7812. */
export function passesLuhn(number: string): boolean {
  if (!/^\d{12,19}$/.test(number)) return false;
  let sum = 0;
  for (let index = 0; index < number.length; index += 1) {
    const digit = Number(number[number.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

export type Brand = 'visa' | 'mastercard' | 'amex' | 'discover' | 'diners' | 'jcb' | 'unionpay' | 'unknown';

const BRANDS: readonly [RegExp, Brand][] = [
  [/^4/, 'visa'],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, 'mastercard'],
  [/^3[47]/, 'amex'],
  [/^(6011|64[4-9]|65)/, 'discover'],
  [/^(36|30[0-5]|38|39)/, 'diners'],
  [/^35(2[89]|[3-8])/, 'jcb'],
  [/^62/, 'unionpay'],
];

export function brandOf(number: string): Brand {
  return BRANDS.find(([prefix]) => prefix.test(number))?.[1] ?? 'unknown';
}
