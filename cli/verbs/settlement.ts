import { parseArgs } from 'node:util';
import { outputTo } from '../settlement/output.ts';
import { runParse } from '../settlement/parse.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'read a settlement file or bank statement, and print what it means',
  usage: `Usage: ./interlock settlement parse --provider <name> FILE [options]

Reads a provider's settlement file, or a bank's statement, and prints its lines in one form: what kind each is,
whose, gross, fees and net in minor units. Nothing is booked, and no stack is needed.

  --provider N   stripe, adyen, paypal, checkout; for banks camt053, mt940, bai2
  --mapping M    read any other CSV file as this JSON file describes it (docs/settlement-formats.md)
  --json         one line of JSON a row, then a last one with totals by type and currency, trailers, warnings
  --gunzip       the file is packed with gzip; without this, packed files are refused

Exits 2 on a file that cannot be booked, and says the line and what to do; with --json the last line is then
{"error":{"file","line","column","reason","message","remedy"}}, and the rows before it count for nothing.

  ./interlock settlement parse --provider adyen settlement_detail_report_batch_3.csv --json`,
  run,
};

export default verb;

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      provider: { type: 'string' },
      mapping: { type: 'string' },
      json: { type: 'boolean', default: false },
      gunzip: { type: 'boolean', default: false },
    },
  });
  const [what, file, ...more] = positionals;
  if (what !== 'parse' || file === undefined || more.length > 0) {
    throw new UsageError('say: settlement parse --provider <name> FILE');
  }
  const { provider, mapping, json, gunzip } = values;
  return runParse(
    { file, provider, mapping, json, gunzip },
    { out: outputTo(process.stdout), err: (line) => console.error(line) },
  );
}
