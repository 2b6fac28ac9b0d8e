/**
 * Settlement files written for tests, from lines that say what they mean: whoever reads one back can be held
 * against the lines, which know nothing of the parser.
 */
export interface Line {
  readonly kind: 'capture' | 'refund' | 'chargeback' | 'fee';
  readonly currency: string;
  /** With its sign; for fees the whole effect. */
  readonly grossMinor: number;
  /** Positive where it costs; none on lines that are fees themselves. */
  readonly feeMinor: number;
  readonly reference: string;
  /** Whole seconds since 1970. */
  readonly atSeconds: number;
}

/** What reading a line back must give. */
export interface Meaning {
  readonly type: string;
  readonly currency: string;
  readonly grossMinor: number;
  readonly feeMinor: number;
  readonly netMinor: number;
  readonly reference?: string;
  readonly occurredAt: string;
}

/** A file as cells; `rows` are the records of lines, what stands around them is the layout's. */
export interface Sheet {
  readonly layout: LayoutName;
  readonly before: readonly (readonly string[])[];
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly after: readonly (readonly string[])[];
  readonly meanings: readonly Meaning[];
}

export const LAYOUTS = ['stripe', 'adyen', 'paypal', 'checkout'] as const;
export type LayoutName = (typeof LAYOUTS)[number];

export const EXPONENTS: Readonly<Record<string, number>> = { EUR: 2, USD: 2, GBP: 2, JPY: 0, KWD: 3 };

export function major(minor: number, currency: string): string {
  const exponent = EXPONENTS[currency] ?? 2;
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0');
  const whole = exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
  return minor < 0 ? `-${whole}` : whole;
}

export function netOf({ grossMinor, feeMinor }: Line): number {
  return grossMinor - feeMinor;
}

function moment(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

function meaning(line: Line, type: string, hasReference = true): Meaning {
  return {
    type,
    currency: line.currency,
    grossMinor: line.grossMinor,
    feeMinor: line.feeMinor,
    netMinor: netOf(line),
    occurredAt: new Date(line.atSeconds * 1000).toISOString(),
    ...(hasReference ? { reference: line.reference } : {}),
  };
}

const PAYOUT_AT = 1_769_817_600;

/** What is paid out: the sum of what each currency's lines leave. */
function payouts(lines: readonly Line[]): (readonly [currency: string, minor: number])[] {
  const sums = new Map<string, number>();
  for (const line of lines) sums.set(line.currency, (sums.get(line.currency) ?? 0) + netOf(line));
  return [...sums].filter(([, minor]) => minor !== 0);
}

function payoutMeaning(currency: string, minor: number): Meaning {
  const occurredAt = new Date(PAYOUT_AT * 1000).toISOString();
  // As much as came is paid out; where more went than came, the bank gives it back.
  const type = minor > 0 ? 'payout' : 'payout_reversed';
  return { type, currency, grossMinor: -minor, feeMinor: 0, netMinor: -minor, occurredAt };
}

const STRIPE_HEADER =
  `balance_transaction_id automatic_payout_id created available_on currency gross fee net reporting_category
  source_id charge_id payment_intent_id customer_facing_amount customer_facing_currency description`.split(
    /\s+/,
  );
const STRIPE_TYPES = { capture: 'charge', refund: 'refund', chargeback: 'dispute', fee: 'fee' } as const;

function stripe(lines: readonly Line[]): Sheet {
  const cells = (line: Line, index: number) => [
    `txn_${index}`,
    'po_1',
    moment(line.atSeconds),
    moment(PAYOUT_AT),
    line.currency.toLowerCase(),
    major(line.grossMinor, line.currency),
    major(line.feeMinor, line.currency),
    major(netOf(line), line.currency),
    STRIPE_TYPES[line.kind],
    line.kind === 'fee' ? '' : `src_${index}`,
    '',
    line.kind === 'fee' ? '' : line.reference,
    '',
    '',
    'card, "visa"',
  ];
  const paid = payouts(lines);
  const payout = ([currency, minor]: readonly [string, number]) => {
    const text = major(-minor, currency);
    const category = minor > 0 ? 'payout' : 'payout_reversal';
    const at = moment(PAYOUT_AT);
    return ['txn_p', 'po_1', at, at, currency, text, '0', text, category, 'po_1', '', '', '', '', ''];
  };
  return {
    layout: 'stripe',
    before: [],
    header: STRIPE_HEADER,
    rows: [...lines.map(cells), ...paid.map(payout)],
    after: [],
    meanings: [
      ...lines.map((line) => meaning(line, line.kind, line.kind !== 'fee')),
      ...paid.map(([currency, minor]) => payoutMeaning(currency, minor)),
    ],
  };
}

const ADYEN_HEADER = [
  ...[
    'Company Account',
    'Merchant Account',
    'Psp Reference',
    'Merchant Reference',
    'Creation Date',
    'TimeZone',
  ],
  ...['Type', 'Modification Reference', 'Gross Currency', 'Gross Debit (GC)', 'Gross Credit (GC)'],
  ...['Exchange Rate', 'Net Currency', 'Net Debit (NC)', 'Net Credit (NC)', 'Commission (NC)', 'Markup (NC)'],
  ...['Scheme Fees (NC)', 'Interchange (NC)', 'Modification Merchant Reference', 'Batch Number', 'Reserved4'],
];
const ADYEN_TYPES = { capture: 'Settled', refund: 'Refunded', chargeback: 'Chargeback', fee: 'Fee' } as const;

function sides(minor: number, currency: string): [debit: string, credit: string] {
  const text = major(Math.abs(minor), currency);
  return minor < 0 ? [text, ''] : ['', text];
}

function adyen(lines: readonly Line[]): Sheet {
  const local = (seconds: number) => moment(seconds + 3600);
  const cells = (line: Line, index: number) => {
    const isFee = line.kind === 'fee';
    const markup = Math.trunc(line.feeMinor / 3);
    return [
      'Shop',
      'ShopEU',
      isFee ? '' : line.reference,
      isFee ? '' : `order-${index}`,
      local(line.atSeconds),
      'CET',
      ADYEN_TYPES[line.kind],
      isFee ? 'Transaction fees' : `mod_${index}`,
      line.currency,
      ...(isFee ? ['', ''] : sides(line.grossMinor, line.currency)),
      isFee ? '' : '1',
      line.currency,
      ...sides(netOf(line), line.currency),
      isFee ? '' : major(line.feeMinor - markup, line.currency),
      isFee ? '' : major(markup, line.currency),
      '',
      '',
      '',
      '7',
      '',
    ];
  };
  const paid = payouts(lines);
  const payout = ([currency, minor]: readonly [string, number]) => [
    ...['Shop', 'ShopEU', '', '', local(PAYOUT_AT), 'CET', 'MerchantPayout'],
    ...['TX1234567890XT batch 7, ShopEU batch 7, ShopEU', currency, '', '', '', currency],
    ...sides(-minor, currency),
    ...['', '', '', '', '', '7', ''],
  ];
  return {
    layout: 'adyen',
    before: [],
    header: ADYEN_HEADER,
    rows: [...lines.map(cells), ...paid.map(payout)],
    after: [],
    meanings: [
      ...lines.map((line) => meaning(line, line.kind, line.kind !== 'fee')),
      ...paid.map(([currency, minor]) => payoutMeaning(currency, minor)),
    ],
  };
}

const PAYPAL_HEADER = [
  ...['CH', 'Transaction ID', 'Invoice ID', 'PayPal Reference ID', 'PayPal Reference ID Type'],
  ...['Transaction Event Code', 'Transaction Initiation Date', 'Transaction Completion Date'],
  ...['Transaction  Debit or Credit', 'Gross Transaction Amount', 'Gross Transaction Currency'],
  ...['Fee Debit or Credit', 'Fee Amount', 'Fee Currency', 'Custom Field', 'Bank Reference ID'],
];
const PAYPAL_TYPES = { capture: 'T0006', refund: 'T1107', chargeback: 'T1201', fee: 'T0106' } as const;

function direction(minor: number): string {
  return minor < 0 ? 'DR' : 'CR';
}

function paypal(lines: readonly Line[]): Sheet {
  const cells = (line: Line, index: number) => {
    const at = `${moment(line.atSeconds - 8 * 3600).replaceAll('-', '/')} -0800`;
    const isOwn = line.kind === 'capture';
    const hasFee = line.feeMinor !== 0;
    return [
      'SB',
      isOwn ? line.reference : `tx_${index}`,
      `order-${index}`,
      isOwn ? '' : line.reference,
      'TXN',
      PAYPAL_TYPES[line.kind],
      at,
      at,
      direction(line.grossMinor),
      String(Math.abs(line.grossMinor)),
      line.currency,
      hasFee ? direction(-line.feeMinor) : '',
      hasFee ? String(Math.abs(line.feeMinor)) : '',
      hasFee ? line.currency : '',
      '',
      '',
    ];
  };
  const footers = (code: string) =>
    [...new Set(lines.map(({ currency }) => currency))].map((currency) => {
      const own = lines.filter((line) => line.currency === currency);
      const sum = (value: (line: Line) => number) =>
        String(own.reduce((total, line) => total + Math.max(0, value(line)), 0));
      const [credit, debit] = [sum((line) => line.grossMinor), sum((line) => -line.grossMinor)];
      const [feeDebit, feeCredit] = [sum((line) => line.feeMinor), sum((line) => -line.feeMinor)];
      return [code, currency, credit, debit, feeDebit, feeCredit, 'CR', '0', 'CR', '0', String(own.length)];
    });
  return {
    layout: 'paypal',
    before: [
      ['RH', '2026/01/31 04:00:00 -0800', 'A', 'ACCOUNT1', '9'],
      ['FH', '1'],
      ['SH', '2026/01/30 00:00:00 -0800', '2026/01/30 23:59:59 -0800', 'ACCOUNT1', ''],
    ],
    header: PAYPAL_HEADER,
    rows: lines.map(cells),
    after: [
      ...footers('SF'),
      ['SC', String(lines.length)],
      ...footers('RF'),
      ['RC', String(lines.length)],
      ['FF', '1'],
    ],
    meanings: lines.map((line) => meaning(line, line.kind)),
  };
}

const CHECKOUT_HEADER = [
  ...['Client Entity ID', 'Client Entity Name', 'Processing Channel ID', 'Processing Channel Name', 'Type'],
  ...['Payment ID', 'Reference', 'Processed On', 'Available On', 'Holding Currency', 'Payout ID'],
  ...['Gross In Holding Currency', 'Deduction In Holding Currency', 'Net In Holding Currency'],
  ...['Processing Fee In Holding Currency', 'Scheme Fee In Holding Currency'],
  ...['Interchange In Holding Currency', 'Tax In Holding Currency', 'Reserve In Holding Currency'],
  ...['Processing Currency', 'Gross In Processing Currency', 'FX Rate Applied', 'Payment Method'],
];
const CHECKOUT_TYPES = {
  capture: 'Charge',
  refund: 'Refund',
  chargeback: 'Chargeback',
  fee: 'Void',
} as const;

function checkout(lines: readonly Line[]): Sheet {
  const cells = (line: Line, index: number) => {
    const { currency } = line;
    const gross = line.kind === 'fee' ? 0 : line.grossMinor;
    const cost = gross - netOf(line);
    const scheme = Math.trunc(cost / 4);
    return [
      ...['ent_1', 'Shop', 'pc_1', 'Web', CHECKOUT_TYPES[line.kind], line.reference, `order-${index}`],
      new Date(line.atSeconds * 1000).toISOString(),
      moment(PAYOUT_AT),
      currency,
      '00000000CFJU',
      major(gross, currency),
      major(-cost, currency),
      major(netOf(line), currency),
      major(-(cost - scheme), currency),
      major(-scheme, currency),
      ...['0', '0', '0', currency, major(gross, currency), '1', 'VISA'],
    ];
  };
  return {
    layout: 'checkout',
    before: [],
    header: CHECKOUT_HEADER,
    rows: lines.map(cells),
    after: [],
    meanings: lines.map((line) => meaning(line, line.kind)),
  };
}

const WRITERS: Readonly<Record<LayoutName, (lines: readonly Line[]) => Sheet>> = {
  stripe,
  adyen,
  paypal,
  checkout,
};

export function sheetOf(layout: LayoutName, lines: readonly Line[]): Sheet {
  return WRITERS[layout](lines);
}

function cellText(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

export function records(sheet: Sheet): (readonly string[])[] {
  return [...sheet.before, sheet.header, ...sheet.rows, ...sheet.after];
}

export function textOf(sheet: Sheet, newline = '\n'): string {
  return records(sheet)
    .map((cells) => cells.map(cellText).join(',') + newline)
    .join('');
}

/** Where the first line of rows stands in the text, counted from 1. */
export function firstRowLine(sheet: Sheet): number {
  return sheet.before.length + 2;
}
