import type { Mode } from '../../domain/ids.ts';
import { FINAL_STATUSES } from '../../domain/payment/states.ts';
import type { RunningExperiment } from '../../domain/routing/experiment/assign.ts';
import type {
  Experiment,
  ExperimentLook,
  ExperimentStatus,
} from '../../domain/routing/experiment/experiment.ts';
import type { Arm, SequentialOptions } from '../../domain/routing/learning/index.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { execute, query } from '../sql.ts';

interface Row {
  readonly id: string;
  readonly merchant_id: string;
  readonly mode: Mode;
  readonly control_version: number;
  readonly treatment_version: number;
  readonly percent: number;
  readonly status: ExperimentStatus;
  readonly options: Partial<SequentialOptions>;
  readonly looks: number;
  readonly seen: ExperimentLook | null;
  readonly actor: string;
  readonly reason: string;
  readonly stopped_by: string | null;
  readonly stop_reason: string | null;
  readonly started_at: Date;
  readonly ends_by: Date;
  readonly looked_at: Date | null;
  readonly ended_at: Date | null;
}

/** Whose experiment, and which. */
export interface OwnedExperiment extends Experiment {
  readonly merchantId: string;
  readonly mode: Mode;
}

function toExperiment(row: Row): OwnedExperiment {
  return {
    id: row.id,
    merchantId: row.merchant_id,
    mode: row.mode,
    controlVersion: row.control_version,
    treatmentVersion: row.treatment_version,
    percent: row.percent,
    status: row.status,
    options: row.options,
    looks: row.looks,
    ...(row.seen === null ? {} : { seen: row.seen }),
    actor: row.actor,
    reason: row.reason,
    ...(row.stopped_by === null ? {} : { stoppedBy: row.stopped_by }),
    ...(row.stop_reason === null ? {} : { stopReason: row.stop_reason }),
    startedAtMs: row.started_at.getTime(),
    endsByMs: row.ends_by.getTime(),
    ...(row.looked_at === null ? {} : { lookedAtMs: row.looked_at.getTime() }),
    ...(row.ended_at === null ? {} : { endedAtMs: row.ended_at.getTime() }),
  };
}

/** The one that divides a merchant's payments now, as the router has to know it. */
export async function runningExperiment(
  db: Db,
  merchantId: string,
  mode: Mode,
): Promise<RunningExperiment | undefined> {
  const [row] = await query<Row>(
    poolOf(db),
    Prisma.sql`SELECT * FROM routing_experiment
      WHERE merchant_id = ${merchantId} AND mode = ${mode} AND status = 'running'`,
  );
  if (row === undefined) return undefined;
  const { id, controlVersion, treatmentVersion, percent, endsByMs } = toExperiment(row);
  return { id, controlVersion, treatmentVersion, percent, endsByMs };
}

export async function findExperiment(db: Db, id: string): Promise<OwnedExperiment | undefined> {
  const [row] = await query<Row>(poolOf(db), Prisma.sql`SELECT * FROM routing_experiment WHERE id = ${id}`);
  return row === undefined ? undefined : toExperiment(row);
}

/** Newest first. */
export async function listExperiments(
  db: Db,
  { merchantId, mode }: { readonly merchantId: string; readonly mode: Mode },
  { limit, startingAfter }: { readonly limit: number; readonly startingAfter?: string },
): Promise<readonly OwnedExperiment[]> {
  const after =
    startingAfter === undefined
      ? Prisma.empty
      : Prisma.sql`AND (started_at, id) < (SELECT started_at, id FROM routing_experiment
          WHERE id = ${startingAfter} AND merchant_id = ${merchantId} AND mode = ${mode})`;
  const rows = await query<Row>(
    poolOf(db),
    Prisma.sql`SELECT * FROM routing_experiment WHERE merchant_id = ${merchantId} AND mode = ${mode} ${after}
      ORDER BY started_at DESC, id DESC LIMIT ${limit}`,
  );
  return rows.map(toExperiment);
}

/** All that run, for whoever sees to it that each has its workflow. */
export async function runningExperiments(
  db: Db,
): Promise<readonly { readonly id: string; readonly merchantId: string }[]> {
  return query<{ id: string; merchantId: string }>(
    poolOf(db),
    Prisma.sql`SELECT id, merchant_id AS "merchantId" FROM routing_experiment WHERE status = 'running' ORDER BY id`,
  );
}

/** Longest that a payment is waited for where its own time is longer: a merchant-initiated one has none. */
const WAIT_MS = 24 * 3_600_000;
/** What may come in after a payment's time is up. */
const MARGIN_MS = 15 * 60_000;

/**
 * What came of each side's payments from when it began until its time was up, each payment once. A payment is its version's who decided it. It is a
 * success where its first attempt was approved and the merchant has the money: fail-over afterwards is not counted for
 * it. It is a failure as soon as that cannot come any more: the first attempt was declined, failed or was given up,
 * the payment ended without one (nobody could take it), or it is still open after its time. What is within its time
 * is left for the next look. Once the experiment's time is up its control decides all payments, so none is drawn any more.
 */
export async function armsOf(
  db: Db,
  { merchantId, mode, controlVersion, treatmentVersion, startedAtMs, endsByMs }: OwnedExperiment,
  timeScale = 1,
): Promise<{ readonly control: Arm; readonly treatment: Arm }> {
  const milliseconds = (ms: number) =>
    Prisma.sql`${Math.ceil(ms * timeScale)}::float8 * interval '1 millisecond'`;
  const rows = await query<{ version: number; attempts: string; successes: string }>(
    poolOf(db),
    Prisma.sql`
    SELECT version, count(*) AS attempts, count(*) FILTER (WHERE approved) AS successes
    FROM (
      SELECT p.policy_version AS version,
        coalesce(a.decline IS NULL AND NOT a.undoing AND (a.status IN ('authorized', 'captured', 'refunded', 'expired')
          OR (a.status = 'voided' AND a.authorized_minor > 0)), false) AS approved,
        coalesce(a.decline IS NOT NULL OR a.undoing OR a.status IN ('declined', 'errored', 'voided'), false)
          OR p.status IN (${Prisma.join(FINAL_STATUSES)})
          OR clock_timestamp() >= least(p.complete_by, p.created_at + ${milliseconds(WAIT_MS)}) + ${milliseconds(MARGIN_MS)} AS lost
      FROM payment p LEFT JOIN attempt a ON a.payment_id = p.id AND a.number = 1
      WHERE p.merchant_id = ${merchantId} AND p.mode = ${mode} AND p.created_at >= ${new Date(startedAtMs)}
        AND p.created_at < ${new Date(endsByMs)}
        AND p.policy_version IN (${controlVersion}, ${treatmentVersion})) each_payment
    WHERE approved OR lost
    GROUP BY version`,
    { timeoutMs: 60_000 },
  );
  const arm = (version: number): Arm => {
    const row = rows.find((each) => each.version === version);
    return { attempts: Number(row?.attempts ?? 0), successes: Number(row?.successes ?? 0) };
  };
  return { control: arm(controlVersion), treatment: arm(treatmentVersion) };
}

/** Whether the version that it is compared with is still the active one. */
export async function hasItsControl(
  db: Db,
  { merchantId, mode, controlVersion }: OwnedExperiment,
): Promise<boolean> {
  const rows = await query(
    poolOf(db),
    Prisma.sql`SELECT 1 FROM routing_policy WHERE merchant_id = ${merchantId} AND mode = ${mode}
      AND version = ${controlVersion} AND status = 'active'`,
  );
  return rows.length > 0;
}

/** Not by a person: what it compares is no more. */
export async function stopByItself(db: Db, id: string, reason: string): Promise<void> {
  await execute(
    poolOf(db),
    Prisma.sql`UPDATE routing_experiment SET status = 'stopped', stopped_by = 'system', stop_reason = ${reason},
        ended_at = clock_timestamp() WHERE id = ${id} AND status = 'running'`,
  );
}

/** Its time is up, and what came of it can't be read: it ends with what the last look saw. False where it had ended. */
export async function endOutOfTime(db: Db, id: string): Promise<boolean> {
  const touched = await execute(
    poolOf(db),
    Prisma.sql`UPDATE routing_experiment SET status = 'out_of_time', ended_at = clock_timestamp()
      WHERE id = ${id} AND status = 'running'`,
  );
  return touched === 1;
}

/** Writes what a look found, unless it has ended meanwhile or another look was written first. */
export async function recordLook(
  db: Db,
  { id, looks }: Pick<Experiment, 'id' | 'looks'>,
  look: ExperimentLook,
  status: ExperimentStatus,
): Promise<boolean> {
  const ended = status === 'running' ? Prisma.sql`NULL` : Prisma.sql`clock_timestamp()`;
  const touched = await execute(
    poolOf(db),
    Prisma.sql`UPDATE routing_experiment SET seen = ${JSON.stringify(look)}::jsonb, looks = looks + 1,
        looked_at = clock_timestamp(), status = ${status}, ended_at = ${ended}
      WHERE id = ${id} AND status = 'running' AND looks = ${looks}`,
  );
  return touched === 1;
}
