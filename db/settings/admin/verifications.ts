import type { Db } from '../../client.ts';
import type { AuditVerification, Prisma } from '../../generated/client.ts';
import { doOnce, type KeptOnce, type NamedRequest } from '../../requests/once.ts';
import { recordAdminAct } from '../people/index.ts';
import { type Admin, ownerOf } from './admin.ts';
import { CHAIN_BEGINNING, type ChainCursor, type ChainFinding, type ChainScope } from './audit-chains.ts';

/** A verification of the audit chains as far as it has come. */
export interface Verification {
  readonly id: string;
  readonly scope: ChainScope;
  readonly requestedBy: string;
  readonly status: 'running' | 'ended' | 'failed';
  /** About so many chains there are. */
  readonly total: number;
  readonly checked: number;
  readonly rows: number;
  readonly problemCount: number;
  /** The first of them. */
  readonly problems: readonly ChainFinding[];
  readonly cursor: ChainCursor;
  readonly startedAtMs: number;
  /** When somebody last worked on it. */
  readonly touchedAtMs: number;
  readonly endedAtMs?: number;
}

/** What one step of it has found. */
export interface VerificationStep {
  readonly owners: number;
  readonly rows: number;
  readonly findings: readonly ChainFinding[];
  /** Undefined: it is over. */
  readonly next: ChainCursor | undefined;
}

export interface VerificationRegister {
  find(id: string): Promise<Verification | undefined>;
  /** The newest ones. */
  latest(limit: number): Promise<readonly Verification[]>;
  /** Where one is running already, that one is the answer. */
  begin(
    admin: Admin,
    request: NamedRequest,
    asked: { readonly id: string; readonly scope: ChainScope; readonly total: number },
    answer: (verification: Verification) => object,
  ): Promise<KeptOnce>;
  /** Adds a step to what `from` says, and answers undefined where somebody else has gone on from there. */
  advance(from: Verification, step: VerificationStep): Promise<Verification | undefined>;
  fail(from: Verification): Promise<void>;
}

/** More than these are counted and not kept. */
const PROBLEMS_KEPT = 200;
const LOCK = 'audit_verification';

export function createVerificationRegister(db: Db): VerificationRegister {
  return {
    async find(id) {
      const row = await db.auditVerification.findUnique({ where: { id } });
      return row === null ? undefined : toVerification(row);
    },
    async latest(limit) {
      const rows = await db.auditVerification.findMany({ orderBy: { startedAt: 'desc' }, take: limit });
      return rows.map(toVerification);
    },
    begin: (admin, request, { id, scope, total }, answer) =>
      doOnce(
        db,
        ownerOf(admin),
        request,
        async (tx) => {
          const running = await tx.auditVerification.findFirst({ where: { status: 'running' } });
          if (running !== null) return { subjectId: running.id, answer: answer(toVerification(running)) };
          const row = await tx.auditVerification.create({
            data: { id, scope, total: BigInt(total), requestedBy: admin.actor },
          });
          const details = { scope };
          await recordAdminAct(tx, { ...admin, action: 'audit.verification_started', subject: id, details });
          return { subjectId: id, answer: answer(toVerification(row)) };
        },
        LOCK,
      ),
    async advance(from, step) {
      const problems = [...from.problems, ...step.findings].slice(0, PROBLEMS_KEPT);
      const { count } = await db.auditVerification.updateMany({
        where: { id: from.id, status: 'running', touchedAt: new Date(from.touchedAtMs) },
        data: {
          checked: { increment: step.owners },
          rows: { increment: step.rows },
          problemCount: { increment: step.findings.length },
          problems: problems as unknown as Prisma.InputJsonArray,
          touchedAt: new Date(Math.max(Date.now(), from.touchedAtMs + 1)),
          ...(step.next === undefined
            ? { status: 'ended', endedAt: new Date() }
            : { cursor: step.next as unknown as Prisma.InputJsonObject }),
        },
      });
      return count === 0 ? undefined : this.find(from.id);
    },
    async fail({ id, touchedAtMs }) {
      await db.auditVerification.updateMany({
        where: { id, status: 'running', touchedAt: new Date(touchedAtMs) },
        data: { status: 'failed', endedAt: new Date() },
      });
    },
  };
}

function toVerification(row: AuditVerification): Verification {
  return {
    id: row.id,
    // The table's check, and this register, write these words and no others.
    scope: row.scope as ChainScope,
    requestedBy: row.requestedBy,
    status: row.status as Verification['status'],
    total: Number(row.total),
    checked: Number(row.checked),
    rows: Number(row.rows),
    problemCount: Number(row.problemCount),
    problems: row.problems as unknown as readonly ChainFinding[],
    cursor: (row.cursor ?? CHAIN_BEGINNING) as unknown as ChainCursor,
    startedAtMs: row.startedAt.getTime(),
    touchedAtMs: row.touchedAt.getTime(),
    ...(row.endedAt === null ? {} : { endedAtMs: row.endedAt.getTime() }),
  };
}
