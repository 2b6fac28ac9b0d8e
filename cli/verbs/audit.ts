import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../config/env.ts';
import { disownedHeads } from '../../db/audit-heads.ts';
import { type Db, openDb } from '../../db/client.ts';
import { readAnchor } from '../../domain/audit/anchor.ts';
import { brokenLinks } from '../audit/chain.ts';
import { stackEnvironment } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'verify that no audit row was altered, added or removed',
  usage: `Usage: ./interlock audit verify [<payment id>] [--json]

Recomputes the hash chain of every payment's audit rows (or of one payment's), compares the readable columns
with the hashed content, and the chain's head with the payment's row. Where INTERLOCK_AUDIT_ANCHOR_FILE names the
file of signed heads, checks that too: a chain whose end was cut off is found by it. Exits 1 when anything differs.

  --json    print one line of JSON: {"payments":N,"rows":N,"problems":[{"payment":...,"problem":...}]}

It uses DATABASE_URL and the other settings of the environment, or those of the stack that is running.`,
  run,
};

export default verb;

interface Finding {
  readonly payment: string;
  readonly problem: string;
}

interface Verified {
  readonly payments: number;
  readonly rows: number;
  readonly problems: readonly Finding[];
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [what, paymentId, ...more] = positionals;
  if (what !== 'verify' || more.length > 0) throw new UsageError('say: audit verify [<payment id>]');
  const config = loadConfig(stackEnvironment(process.env));
  const db = openDb(config.databaseUrl, { maxConnections: 2 });
  try {
    const chains = await verifyAll(db, paymentId);
    const file = paymentId === undefined ? config.auditAnchorFile : undefined;
    const anchored =
      file !== undefined && existsSync(file) ? await verifyAnchor(db, file, config.keys.digest) : [];
    const verified = { ...chains, problems: [...chains.problems, ...anchored] };
    if (paymentId !== undefined && verified.payments === 0) {
      throw new UsageError(`there is no payment ${paymentId}`);
    }
    console.log(values.json ? JSON.stringify(verified) : render(verified));
    return verified.problems.length === 0 ? 0 : 1;
  } finally {
    await db.$disconnect();
  }
}

/** Holds the database against the file of signed heads: what was anchored once must still stand there. */
export async function verifyAnchor(db: Db, file: string, key: Uint8Array): Promise<Finding[]> {
  const { heads: anchored, problems } = readAnchor(readFileSync(file, 'utf8'), key);
  // A worker that starts again anchors the last moments again.
  const heads = [
    ...new Map(anchored.map((head) => [`${head.paymentId} ${head.sequence} ${head.hash}`, head])).values(),
  ];
  const disowned = [];
  for (let from = 0; from < heads.length; from += PAGE) {
    disowned.push(...(await disownedHeads(db, heads.slice(from, from + PAGE))));
  }
  return [
    ...problems.map((problem) => ({ payment: file, problem })),
    ...disowned.map(({ paymentId, sequence }) => ({
      payment: paymentId,
      problem: `step ${sequence} was anchored and is no longer there, or is another`,
    })),
  ];
}

const PAGE = 500;

/** Page by page, so that memory doesn't grow with the number of payments. */
export async function verifyAll(db: Db, paymentId?: string): Promise<Verified> {
  const problems: Finding[] = [];
  let payments = 0;
  let rows = 0;
  let after = '';
  for (;;) {
    const page = await db.payment.findMany({
      where: { id: paymentId === undefined ? { gt: after } : { equals: paymentId } },
      orderBy: { id: 'asc' },
      take: PAGE,
      select: { id: true, status: true, sequence: true, auditHead: true },
    });
    // Read after the payments: a step that is written meanwhile is looked at by the next verification.
    const steps = await db.audit.findMany({
      where: { paymentId: { in: page.map(({ id }) => id) } },
      orderBy: [{ paymentId: 'asc' }, { sequence: 'asc' }],
    });
    const byPayment = new Map<string, typeof steps>();
    for (const step of steps) byPayment.set(step.paymentId, [...(byPayment.get(step.paymentId) ?? []), step]);
    for (const payment of page) {
      const own = (byPayment.get(payment.id) ?? []).filter(({ sequence }) => sequence <= payment.sequence);
      rows += own.length;
      problems.push(...brokenLinks(payment, own).map((problem) => ({ payment: payment.id, problem })));
    }
    payments += page.length;
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE || paymentId !== undefined) break;
  }
  if (paymentId === undefined) problems.push(...(await orphans(db)));
  return { payments, rows, problems };
}

/** Rows that no payment owns, e.g. because the payment's row was removed. */
async function orphans(db: Db): Promise<Finding[]> {
  const found = await db.$queryRaw<{ payment_id: string }[]>`
    SELECT DISTINCT payment_id FROM audit a WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = a.payment_id)`;
  return found.map(({ payment_id }) => ({
    payment: payment_id,
    problem: 'has audit rows, but no row of its own',
  }));
}

function render({ payments, rows, problems }: Verified): string {
  if (problems.length === 0) return `✓ ${payments} payments, ${rows} audit rows: every chain is whole.`;
  return [
    ...problems.map(({ payment, problem }) => `✗ ${payment}: ${problem}`),
    `${problems.length} problems in ${payments} payments, ${rows} audit rows.`,
  ].join('\n');
}
