import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../config/env.ts';
import { anchorFindings } from '../../db/audit-heads.ts';
import { type Db, openDb } from '../../db/client.ts';
import {
  CHAIN_BEGINNING,
  type ChainCursor,
  type ChainStep,
  type ChainFinding as Finding,
  verifyChainOf,
  verifyChains,
} from '../../db/settings/admin/audit-chains.ts';
import { readAnchor } from '../../domain/audit/anchor.ts';
import { stackEnvironment } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'verify that no audit row was altered, added or removed',
  usage: `Usage: ./interlock audit verify [<payment or refund id>] [--json]

Recomputes the hash chain of the audit rows of every payment and refund (or of one of them) and the one of administrators'
acts, compares the readable columns with the hashed content, and a chain's head with its owner's row. Where
INTERLOCK_AUDIT_ANCHOR_FILE names the file of signed heads, checks that too: a chain whose end was cut off is found by
it. Exits 1 when anything differs.

  --json    print one line of JSON: {"payments":N,"refunds":N,"rows":N,"problems":[{"owner":...,"problem":...}]}

It uses DATABASE_URL and the other settings of the environment, or those of the stack that is running.`,
  run,
};

export default verb;

interface Verified {
  readonly payments: number;
  readonly refunds: number;
  readonly rows: number;
  readonly problems: readonly Finding[];
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [what, ownerId, ...more] = positionals;
  if (what !== 'verify' || more.length > 0)
    throw new UsageError('say: audit verify [<payment or refund id>]');
  const config = loadConfig(stackEnvironment(process.env));
  const db = openDb(config.databaseUrl, { maxConnections: 2 });
  try {
    const chains = await verifyAll(db, ownerId);
    const file = ownerId === undefined ? config.auditAnchorFile : undefined;
    const anchored =
      file !== undefined && existsSync(file) ? await verifyAnchor(db, file, config.keys.digest) : [];
    const verified = { ...chains, problems: [...chains.problems, ...anchored] };
    if (ownerId !== undefined && verified.payments + verified.refunds === 0) {
      throw new UsageError(`there is no payment or refund ${ownerId}`);
    }
    console.log(values.json ? JSON.stringify(verified) : render(verified));
    return verified.problems.length === 0 ? 0 : 1;
  } finally {
    await db.$disconnect();
  }
}

/** Holds the database against the file of signed heads: what was anchored once must still stand there. */
export async function verifyAnchor(db: Db, file: string, key: Uint8Array): Promise<Finding[]> {
  return anchorFindings(db, readAnchor(readFileSync(file, 'utf8'), key), file);
}

/** Page by page, so that memory doesn't grow with the number of payments. */
export async function verifyAll(db: Db, ownerId?: string): Promise<Verified> {
  const counted = { administrators: 0, payments: 0, refunds: 0, orphans: 0 };
  const problems: Finding[] = [];
  let rows = 0;
  const count = (step: ChainStep) => {
    counted[step.stage] += step.owners;
    rows += step.rows;
    problems.push(...step.findings);
    return step.next;
  };
  if (ownerId === undefined) {
    let cursor: ChainCursor | undefined = CHAIN_BEGINNING;
    while (cursor !== undefined) cursor = count(await verifyChains(db, 'all', cursor));
  } else {
    const found = await verifyChainOf(db, ownerId);
    if (found !== undefined) count(found);
  }
  return { payments: counted.payments, refunds: counted.refunds, rows, problems };
}

function render({ payments, refunds, rows, problems }: Verified): string {
  const what = `${payments} payments, ${refunds} refunds, ${rows} audit rows`;
  if (problems.length === 0) return `✓ ${what}: every chain is whole.`;
  return [
    ...problems.map(({ owner, problem }) => `✗ ${owner}: ${problem}`),
    `${problems.length} problems in ${what}.`,
  ].join('\n');
}
