import { describe, expect, test } from 'vitest';
import { SettlementFileError } from '../errors.ts';
import { pieces } from '../test-support/read.ts';
import type { BankStatementLine } from './line.ts';
import { type BankFormat, type ParsedBank, parseBankStatement } from './parse.ts';

async function read(format: BankFormat, text: string, maxBytes?: number) {
  const lines: BankStatementLine[] = [];
  let end: Extract<ParsedBank, { type: 'end' }> | undefined;
  for await (const parsed of parseBankStatement(pieces(Buffer.from(text), 7), format, maxBytes)) {
    if (parsed.type === 'line') lines.push(parsed.line);
    else end = parsed;
  }
  if (end === undefined) throw new Error('there was no end');
  return { lines, ...end };
}

async function refusal(format: BankFormat, text: string, maxBytes?: number): Promise<SettlementFileError> {
  try {
    await read(format, text, maxBytes);
  } catch (error) {
    if (error instanceof SettlementFileError) return error;
    throw error;
  }
  throw new Error('it was read');
}

const balance = (code: string, amount: string) =>
  `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>`;

function camt(entries: string, closing = '1100.00', prefix = ''): string {
  const tag = (name: string) => `${prefix}${name}`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>
<Stmt><Id>S-1</Id><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>
${balance('OPBD', '1000.00')}${balance('CLBD', closing)}
${entries}
</Stmt></BkToCstmrStmt></Document>`.replaceAll('Document', tag('Document'));
}

const PAYOUT = `<Ntry><NtryRef>N1</NtryRef><Amt Ccy="EUR">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-02-02</Dt></BookgDt><ValDt><DtTm>2026-02-03T00:00:00</DtTm></ValDt><AcctSvcrRef>BANK1</AcctSvcrRef>
<NtryDtls><TxDtls><Refs><EndToEndId>TX1&amp;2</EndToEndId></Refs>
<RmtInf><Ustrd>ADYEN batch 7</Ustrd><Ustrd>&lt;Shop&gt;</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`;
const RETURNED = `<Ntry><Amt Ccy="EUR">50</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-02-02</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>`;

describe('camt.053', () => {
  test('entries are signed lines with their references', async () => {
    const { lines, statements, warnings } = await read('camt053', camt(PAYOUT + RETURNED));
    expect(lines).toEqual([
      {
        account: 'DE02120300000000202051',
        statement: 'S-1',
        line: 5,
        amountMinor: 15_000,
        currency: 'EUR',
        bookedOn: '2026-02-02',
        valueOn: '2026-02-03',
        reference: 'BANK1',
        endToEndId: 'TX1&2',
        text: 'ADYEN batch 7 <Shop>',
        reversal: false,
      },
      {
        account: 'DE02120300000000202051',
        statement: 'S-1',
        line: 8,
        amountMinor: -5_000,
        currency: 'EUR',
        bookedOn: '2026-02-02',
        text: '',
        reversal: true,
      },
    ]);
    expect(statements).toEqual([
      {
        account: 'DE02120300000000202051',
        statement: 'S-1',
        currency: 'EUR',
        lines: 2,
        creditMinor: 15_000n,
        debitMinor: 5_000n,
        openingMinor: 100_000n,
        closingMinor: 110_000n,
      },
    ]);
    expect(warnings).toEqual([]);
  });

  test('a collective entry is told apart where its parts add up', async () => {
    const part = (amount: string, id: string) =>
      `<TxDtls><Refs><EndToEndId>${id}</EndToEndId></Refs><Amt Ccy="EUR">${amount}</Amt></TxDtls>`;
    const entry = (second: string) =>
      `<Ntry><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-02-02</Dt></BookgDt>
       <NtryDtls>${part('60.00', 'A')}${part(second, 'B')}</NtryDtls></Ntry>`;
    const apart = await read('camt053', camt(entry('40.00')));
    expect(apart.lines.map(({ amountMinor, endToEndId }) => [amountMinor, endToEndId])).toEqual([
      [6_000, 'A'],
      [4_000, 'B'],
    ]);
    const whole = await read('camt053', camt(entry('30.00')));
    expect(whole.lines.map(({ amountMinor }) => amountMinor)).toEqual([10_000]);
    expect(whole.warnings.map(({ code }) => code)).toEqual(['entry_parts_differ']);
  });

  test('what is only announced is no line, and balances that do not follow are a warning', async () => {
    const pending = PAYOUT.replace('BOOK', 'PDNG');
    const { lines, warnings } = await read('camt053', camt(pending));
    expect(lines).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(['not_booked', 'balance_differs']);
  });

  test.each([
    ['a document type', `<!DOCTYPE x [<!ENTITY a "b">]>${camt(PAYOUT)}`, 'forbidden_xml', 1],
    ['broken XML', camt(PAYOUT).replace('</Stmt>', ''), 'bad_xml', undefined],
    ['a cut file', camt(PAYOUT).slice(0, 700), 'bad_xml', undefined],
    ['another message', '<Document><Other/></Document>', 'bad_statement', 1],
    ['a decimal comma', camt(PAYOUT.replace('150.00', '150,00')), 'decimal_comma', 5],
    ['no direction', camt(PAYOUT.replace('CRDT', 'CR')), 'bad_direction', 5],
    ['no amount', camt(PAYOUT.replace(/<Amt.*?<\/Amt>/, '')), 'missing_value', 5],
    ['a currency that is none', camt(PAYOUT.replace('"EUR"', '"EURO"')), 'bad_currency', 5],
    ['a day that is none', camt(PAYOUT.replace('2026-02-02', '2026-02-30')), 'bad_time', 5],
  ])('%s is refused', async (_name, text, reason, line) => {
    const refused = await refusal('camt053', text);
    expect(refused.reason).toBe(reason);
    if (line !== undefined) expect(refused.line).toBe(line);
  });

  test('a statement larger than any is refused before it is parsed', async () => {
    expect((await refusal('camt053', camt(PAYOUT), 500)).reason).toBe('too_large');
  });

  test('elements are known under any prefix', async () => {
    const { lines } = await read(
      'camt053',
      camt(PAYOUT, '1150.00')
        .replace(/<(\/?)([A-Z])/g, '<$1n:$2')
        .replace('xmlns=', 'xmlns:n='),
    );
    expect(lines).toHaveLength(1);
  });
});

function mt940(lines: string, closing = 'C260202EUR1100,00', currency = 'EUR'): string {
  return `:20:REF\n:25:DE02120300000000202051\n:28C:33/1\n:60F:C260201${currency}1000,00\n${lines}:62F:${closing}\n-\n`;
}

describe('MT940', () => {
  test('lines are signed, reversals turn them, and the booking day finds its year', async () => {
    const { lines, warnings } = await read(
      'mt940',
      mt940(
        ':61:2602020202C150,NTRFNONREF//BANK1\n:86:STRIPE TX1\nEREF+PO-1\n:61:2512310102RC50,NTRFPO2//B2\n:86:back\n',
      ),
    );
    expect(lines).toMatchObject([
      {
        line: 5,
        statement: '33/1',
        amountMinor: 15_000,
        bookedOn: '2026-02-02',
        valueOn: '2026-02-02',
        reference: 'BANK1',
        endToEndId: 'PO-1',
        text: 'STRIPE TX1\nEREF+PO-1',
        reversal: false,
      },
      {
        line: 8,
        amountMinor: -5_000,
        bookedOn: '2026-01-02',
        valueOn: '2025-12-31',
        reference: 'B2',
        endToEndId: 'PO2',
        reversal: true,
      },
    ]);
    expect(warnings).toEqual([]);
  });

  test('three decimals stay three decimals', async () => {
    const { lines, warnings } = await read(
      'mt940',
      mt940(':61:260202C0,125NTRFX\n:61:260202C0,125NTRFY\n', 'C260202KWD1000,25', 'KWD'),
    );
    expect(lines.map(({ amountMinor }) => amountMinor)).toEqual([125, 125]);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['nothing', 'hello\n', 'bad_statement'],
    ['a statement without its closing balance', mt940('').replace(/:62F:.*\n/, ''), 'bad_statement'],
    ['a line that cannot be read', mt940(':61:what\n'), 'bad_statement'],
    ['a day that is none', mt940(':61:260230C1,NTRFX\n'), 'bad_time'],
    ['decimals that the currency has not', mt940(':61:260202C1,005NTRFX\n'), 'wrong_exponent'],
    ['two currencies', mt940('', 'C260202USD1000,00'), 'bad_statement'],
  ])('%s is refused', async (_name, text, reason) => {
    expect((await refusal('mt940', text)).reason).toBe(reason);
  });

  test('balances that do not follow are a warning', async () => {
    const { warnings } = await read('mt940', mt940(':61:260202C1,NTRFX\n'));
    expect(warnings.map(({ code }) => code)).toEqual(['balance_differs']);
  });
});

const BAI2 = `01,122099999,123456789,260203,0200,1,80,1,2/
02,123456789,122099999,1,260202,,USD,2/
03,4242,USD,010,100000,,,015,110000,,/
16,142,15000,V,260203,,B1,PO-1,STRIPE PAYOUT/
88,MORE TEXT
16,455,5000,Z,B2,,RETURNED, in part/
49,230000,5/
98,230000,1,7/
99,230000,1,9/
`;

describe('BAI2', () => {
  test('details are signed by their codes, and carry what continues them', async () => {
    const { lines, statements, warnings } = await read('bai2', BAI2);
    expect(lines).toEqual([
      {
        account: '4242',
        statement: '2026-02-02/1',
        line: 4,
        amountMinor: 15_000,
        currency: 'USD',
        bookedOn: '2026-02-02',
        valueOn: '2026-02-03',
        reference: 'B1',
        endToEndId: 'PO-1',
        text: 'STRIPE PAYOUT,MORE TEXT',
        reversal: false,
      },
      {
        account: '4242',
        statement: '2026-02-02/1',
        line: 6,
        amountMinor: -5_000,
        currency: 'USD',
        bookedOn: '2026-02-02',
        reference: 'B2',
        text: 'RETURNED, in part',
        reversal: false,
      },
    ]);
    expect(statements[0]).toMatchObject({ openingMinor: 100_000n, closingMinor: 110_000n, lines: 2 });
    expect(warnings).toEqual([]);
  });

  test.each([
    ['without its last trailer', BAI2.replace(/^99,.*\n/m, ''), 'truncated'],
    ['a record of no kind', BAI2.replace('16,455', '17,455'), 'unknown_record'],
    ['a detail outside of an account', BAI2.replace(/03,.*\n/, ''), 'bad_record'],
    ['a code of neither direction', BAI2.replace('16,455', '16,901'), 'bad_direction'],
    ['an amount that is none', BAI2.replace('15000', '150.00'), 'wrong_exponent'],
    ['nothing', '\n', 'empty_file'],
    ['more after the end', `${BAI2}01,1,2,260203,0200,1,80,1,2/\n`, 'bad_record'],
  ])('%s is refused', async (_name, text, reason) => {
    expect((await refusal('bai2', text)).reason).toBe(reason);
  });

  test('totals and counts that differ are warnings', async () => {
    const codes = async (text: string) => (await read('bai2', text)).warnings.map(({ code }) => code);
    expect(await codes(BAI2.replace('49,230000,5', '49,230001,5'))).toContain('trailer_differs');
    expect(await codes(BAI2.replace('98,230000,1,7', '98,230000,1,8'))).toEqual(['count_differs']);
    expect(await codes(BAI2.replace('015,110000', '015,110001'))).toContain('balance_differs');
  });
});
