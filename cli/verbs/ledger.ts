import { parseArgs } from 'node:util';
import { loadConfig } from '../../config/env.ts';
import { openDb } from '../../db/client.ts';
import { balances, exportPeriod, type LedgerOptions, verify } from '../ledger/run.ts';
import { stackEnvironment } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'balances, exports and the verification of the ledger',
  usage: `Usage: ./interlock ledger balances [--merchant M] [--mode test|live] [--account A] [--currency C] [--as-of T] [--json]
       ./interlock ledger export --merchant M --period P [--mode test|live] [--format csv|journal] [--out FILE]
       ./interlock ledger verify

balances  what stands in each account, and each currency's totals, which are zero; of everybody, or of one merchant
export    what was posted in a month or day that is over (UTC): the same bytes each time, with control totals and a
          hash in the last line (docs/ledger.md)
verify    reads the whole ledger: every transaction balances, all of it sums to zero, every account is of the chart
          and its holder's, and each payment's and refund's amounts are what was posted. Prints one line of JSON, and
          exits 1 when there are problems

  --account A   an account, or its beginning up to a slash: merchant_payable/mer_demo, fees/scheme, fees
  --as-of T     what was posted before that instant: Unix seconds, or like 2026-11-21T17:28:00Z
  --mode        test or live; export takes test where nothing is said
  --out FILE    instead of standard output; the file has its name only once it is whole
  --json        print one line of JSON, amounts as strings of minor units

Example: ./interlock ledger export --merchant mer_demo --period 2026-11 --format journal

It uses DATABASE_URL and the other settings of the environment, or those of the stack that is running.`,
  run,
};

export default verb;

const COMMANDS = { balances, export: exportPeriod, verify } as const;

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      merchant: { type: 'string' },
      mode: { type: 'string' },
      account: { type: 'string' },
      currency: { type: 'string' },
      'as-of': { type: 'string' },
      period: { type: 'string' },
      format: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [what = '', ...more] = positionals;
  if (!isCommand(what) || more.length > 0) throw new UsageError('say: ledger balances|export|verify');
  const options: LedgerOptions = values;
  const config = loadConfig(stackEnvironment(process.env));
  const db = openDb(config.databaseUrl, { maxConnections: 3 });
  try {
    return await COMMANDS[what](db, options);
  } finally {
    await db.$disconnect();
  }
}

function isCommand(what: string): what is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, what);
}
