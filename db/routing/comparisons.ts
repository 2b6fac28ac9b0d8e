import type { PolicyComparison } from '../../domain/routing/book.ts';
import { countsOf } from '../../domain/routing/comparison.ts';
import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { execute } from '../sql.ts';

/** So many payments that were decided otherwise are kept to look at, the latest first. */
const MAX_SAMPLES = 20;

/** Adds what one worker compared since its last flush, in one statement. */
export async function countComparisons(db: Db, comparisons: readonly PolicyComparison[]): Promise<void> {
  if (comparisons.length === 0) return;
  await execute(
    poolOf(db),
    Prisma.sql`
    INSERT INTO routing_comparison AS c (merchant_id, mode, decided_by, compared, evaluated, differed, first_differed,
      order_differed, requirements_differed, samples)
    SELECT * FROM jsonb_to_recordset(${JSON.stringify(countsOf(comparisons))}::jsonb) AS d (merchant_id text, mode text,
      decided_by int, compared int, evaluated bigint, differed bigint, first_differed bigint, order_differed bigint,
      requirements_differed bigint, samples jsonb)
    ON CONFLICT (merchant_id, mode, decided_by, compared) DO UPDATE SET
      evaluated = c.evaluated + excluded.evaluated,
      differed = c.differed + excluded.differed,
      first_differed = c.first_differed + excluded.first_differed,
      order_differed = c.order_differed + excluded.order_differed,
      requirements_differed = c.requirements_differed + excluded.requirements_differed,
      samples = jsonb_path_query_array(excluded.samples || c.samples, ${`$[0 to ${MAX_SAMPLES - 1}]`}::jsonpath),
      last_at = clock_timestamp()`,
  );
}
