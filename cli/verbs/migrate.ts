import { parseArgs } from 'node:util';
import { migrate, schemaDrift } from '../stack/migrate.ts';
import { catchUpTransactionNumbers } from '../stack/transaction-numbers.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'apply pending database migrations to DATABASE_URL',
  usage: `Usage: DATABASE_URL=postgres://... ./interlock migrate [--check] [--json]

Applies what is pending in prisma/migrations and records it in _prisma_migrations, exactly as
"prisma migrate deploy" would. The URL's role must own the schema. After a restore from a dump it also has
the server count past the transactions that the rows speak of: run it before anything else.

  --check   apply nothing; compare prisma/schema.prisma with the migrations and exit 1 when they differ
  --json    print one line of JSON`,
  run: async (argv) => {
    const { values } = parseArgs({
      args: argv,
      options: { check: { type: 'boolean' }, json: { type: 'boolean' } },
    });
    const url = process.env.DATABASE_URL;
    if (!url)
      throw new UsageError('DATABASE_URL is missing; set it to postgres://user:password@host:5432/database');
    if (values.check) {
      const drift = await schemaDrift(url);
      if (values.json) console.log(JSON.stringify({ drift }));
      else console.log(drift === '' ? 'Schema and migrations agree.' : drift);
      return drift === '' ? 0 : 1;
    }
    const applied = await migrate(url);
    const skipped = await catchUpTransactionNumbers(url);
    if (values.json) console.log(JSON.stringify({ applied, transactions_skipped: Number(skipped) }));
    else console.log(applied.length === 0 ? 'Nothing was pending.' : `Applied:\n  ${applied.join('\n  ')}`);
    if (skipped > 0n && !values.json)
      console.log(`The database was restored: its server now counts ${skipped} transactions further.`);
    return 0;
  },
};

export default verb;
