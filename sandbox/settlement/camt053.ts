// Bank statements as camt.053.001.02: one statement a currency in one message.
import type { BankEntry, Statement } from './bank.ts';
import { major } from './money.ts';

const BIC = 'SANDNL2A';

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function magnitude(amountMinor: bigint): bigint {
  return amountMinor < 0n ? -amountMinor : amountMinor;
}

function amount(amountMinor: bigint, currency: string): string {
  const side = amountMinor < 0n ? 'DBIT' : 'CRDT';
  const text = major(magnitude(amountMinor), currency);
  return `<Amt Ccy="${currency}">${text}</Amt><CdtDbtInd>${side}</CdtDbtInd>`;
}

function balance(code: string, amountMinor: bigint, { currency, date }: Statement): string {
  const type = `<Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>`;
  return `<Bal>${type}${amount(amountMinor, currency)}<Dt><Dt>${date}</Dt></Dt></Bal>`;
}

function entryOf(entry: BankEntry, index: number): string {
  const amountMinor = BigInt(entry.amountMinor);
  const endToEnd = escaped(entry.endToEndId ?? 'NOTPROVIDED');
  const party = entry.amountMinor < 0 && !entry.reversal ? 'Cdtr' : 'Dbtr';
  return `<Ntry>
        <NtryRef>${index + 1}</NtryRef>
        ${amount(amountMinor, entry.currency)}${entry.reversal ? '<RvslInd>true</RvslInd>' : ''}
        <Sts>BOOK</Sts><BookgDt><Dt>${entry.date}</Dt></BookgDt><ValDt><Dt>${entry.date}</Dt></ValDt>
        <AcctSvcrRef>${entry.reference}</AcctSvcrRef>
        <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>${entry.reversal ? 'RRTN' : 'ESCT'}</SubFmlyCd></Fmly></Domn></BkTxCd>
        <NtryDtls><TxDtls>
          <Refs><AcctSvcrRef>${entry.reference}</AcctSvcrRef><EndToEndId>${endToEnd}</EndToEndId></Refs>
          <RltdPties><${party}><Nm>${escaped(entry.counterparty)}</Nm></${party}></RltdPties>
          <RmtInf><Ustrd>${escaped(entry.text)}</Ustrd></RmtInf>
        </TxDtls></NtryDtls>
      </Ntry>`;
}

function statementOf(statement: Statement): string {
  const { account, currency, date, number } = statement;
  return `    <Stmt>
      <Id>${account}-${currency}-${date}</Id><ElctrncSeqNb>${number}</ElctrncSeqNb>
      <CreDtTm>${date}T23:59:59Z</CreDtTm>
      <FrToDt><FrDtTm>${date}T00:00:00Z</FrDtTm><ToDtTm>${date}T23:59:59Z</ToDtTm></FrToDt>
      <Acct><Id><IBAN>${account}</IBAN></Id><Ccy>${currency}</Ccy><Svcr><FinInstnId><BIC>${BIC}</BIC></FinInstnId></Svcr></Acct>
      ${balance('OPBD', statement.openingMinor, statement)}
      ${balance('CLBD', statement.closingMinor, statement)}
      ${statement.entries.map(entryOf).join('\n      ')}
    </Stmt>`;
}

export function camt053(statements: readonly Statement[]): string {
  const date = statements[0]?.date ?? '';
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">
  <BkToCstmrStmt>
    <GrpHdr><MsgId>SANDBOX-${date}</MsgId><CreDtTm>${date}T23:59:59Z</CreDtTm></GrpHdr>
${statements.map(statementOf).join('\n')}
  </BkToCstmrStmt>
</Document>
`;
}
