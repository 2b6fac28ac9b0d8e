import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../config/env.ts';
import { disownedHeads } from '../../db/audit-heads.ts';
import { type Db, openDb } from '../../db/client.ts';
import { readAnchor } from '../../domain/audit/anchor.ts';
import { type AuditedOwner, brokenLinks } from '../audit/chain.ts';
import { stackEnvironment } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'verify that no audit row was altered, added or removed',
  usage: `Usage: ./interlock audit verify [<payment or refund id>] [--json]

Recomputes the hash chain of the audit rows of every payment and refund (or of one of them), compares the readable columns
with the hashed content, and the chain's head with its owner's row. Where INTERLOCK_AUDIT_ANCHOR_FILE names the
file of signed heads, checks that too: a chain whose end was cut off is found by it. Exits 1 when anything differs.

  --json    print one line of JSON: {"payments":N,"refunds":N,"rows":N,"problems":[{"owner":...,"problem":...}]}

It uses DATABASE_URL and the other settings of the environment, or those of the stack that is running.`,
  run,
};

export default verb;

interface Finding {
  readonly owner: string;
  readonly problem: string;
}

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
  const { heads: anchored, problems } = readAnchor(readFileSync(file, 'utf8'), key);
  // A worker that starts again anchors the last moments again.
  const heads = [
    ...new Map(anchored.map((head) => [`${head.ownerId} ${head.sequence} ${head.hash}`, head])).values(),
  ];
  const disowned = [];
  for (let from = 0; from < heads.length; from += PAGE) {
    disowned.push(...(await disownedHeads(db, heads.slice(from, from + PAGE))));
  }
  return [
    ...problems.map((problem) => ({ owner: file, problem })),
    ...disowned.map(({ ownerId, sequence }) => ({
      owner: ownerId,
      problem: `step ${sequence} was anchored and is no longer there, or is another`,
    })),
  ];
}

const PAGE = 500;

/** Page by page, so that memory doesn't grow with the number of payments. */
export async function verifyAll(db: Db, ownerId?: string): Promise<Verified> {
  const payments = await verifyOwners(db, (page) => db.payment.findMany(page), ownerId);
  const refunds = await verifyOwners(db, (page) => db.refund.findMany(page), ownerId);
  const problems = [...payments.problems, ...refunds.problems];
  return {
    payments: payments.owners,
    refunds: refunds.owners,
    rows: payments.rows + refunds.rows,
    problems: ownerId === undefined ? [...problems, ...(await orphans(db))] : problems,
  };
}

interface Page {
  readonly where: { readonly id: { gt: string } | { equals: string } };
  readonly orderBy: { readonly id: 'asc' };
  readonly take: number;
  readonly select: {
    readonly id: true;
    readonly status: true;
    readonly sequence: true;
    readonly auditHead: true;
  };
}

async function verifyOwners(
  db: Db,
  read: (page: Page) => Promise<readonly AuditedOwner[]>,
  ownerId: string | undefined,
): Promise<{ owners: number; rows: number; problems: Finding[] }> {
  const problems: Finding[] = [];
  let owners = 0;
  let rows = 0;
  let after = '';
  for (;;) {
    const page = await read({
      where: { id: ownerId === undefined ? { gt: after } : { equals: ownerId } },
      orderBy: { id: 'asc' },
      take: PAGE,
      select: { id: true, status: true, sequence: true, auditHead: true },
    });
    // Read after the owners: a step that is written meanwhile is looked at by the next verification.
    const steps = await db.audit.findMany({
      where: { ownerId: { in: page.map(({ id }) => id) } },
      orderBy: [{ ownerId: 'asc' }, { sequence: 'asc' }],
    });
    const byOwner = new Map<string, typeof steps>();
    for (const step of steps) byOwner.set(step.ownerId, [...(byOwner.get(step.ownerId) ?? []), step]);
    for (const owner of page) {
      const own = (byOwner.get(owner.id) ?? []).filter(({ sequence }) => sequence <= owner.sequence);
      rows += own.length;
      problems.push(...brokenLinks(owner, own).map((problem) => ({ owner: owner.id, problem })));
    }
    owners += page.length;
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE || ownerId !== undefined) return { owners, rows, problems };
  }
}

/** Rows that nobody owns, e.g. because the payment's row was removed. */
async function orphans(db: Db): Promise<Finding[]> {
  const found = await db.$queryRaw<{ owner_id: string }[]>`
    SELECT DISTINCT owner_id FROM audit a
    WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = a.owner_id)
      AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.id = a.owner_id)`;
  return found.map(({ owner_id }) => ({
    owner: owner_id,
    problem: 'has audit rows, but no row of its own',
  }));
}

function render({ payments, refunds, rows, problems }: Verified): string {
  const what = `${payments} payments, ${refunds} refunds, ${rows} audit rows`;
  if (problems.length === 0) return `✓ ${what}: every chain is whole.`;
  return [
    ...problems.map(({ owner, problem }) => `✗ ${owner}: ${problem}`),
    `${problems.length} problems in ${what}.`,
  ].join('\n');
}
