/**
 * activities/: what workflows have done in the world. One verb a file, each made by a factory that takes
 * its dependencies. What lives here: opening the vault, claiming permits, calling adapters, reading and
 * writing rows. What may not: deciding what follows (domain/ does), or sending anywhere but in send.ts.
 * The smallest to read is payment/record.ts, the most important send.ts with payment/authorize.ts.
 */
import type { Dependencies } from './dependencies.ts';
import { guarded } from './failures.ts';
import { createAuthorize } from './payment/authorize.ts';
import { createInquire, createInquireRefunds, createResend } from './payment/inquire.ts';
import { createCapture, createRefund, createVoid } from './payment/modify.ts';
import { createAcknowledge, createReadNews } from './payment/news.ts';
import { createHydrate, createPlan, createRoute } from './payment/plan.ts';
import { createRecord } from './payment/record.ts';
import { createHydrateRefund, createPlanRefund } from './refund/plan.ts';
import { createRecordRefund } from './refund/record.ts';
import { createReadResolution, createRevoke } from './revoke.ts';

export type { RecordExtras, Recorded } from '../db/record.ts';
export type { StoredResolution } from '../db/resolutions.ts';
export type { Dependencies, Providers } from './dependencies.ts';

/** The names on the left are on the wire in every history: they are added to, never changed. */
export function createActivities(deps: Dependencies) {
  return guarded({
    plan: createPlan(deps),
    hydrate: createHydrate(deps),
    route: createRoute(deps),
    record: createRecord(deps),
    planRefund: createPlanRefund(deps),
    hydrateRefund: createHydrateRefund(deps),
    recordRefund: createRecordRefund(deps),
    revoke: createRevoke(deps),
    readResolution: createReadResolution(deps),
    authorize: createAuthorize(deps),
    capture: createCapture(deps),
    voidAuthorization: createVoid(deps),
    refund: createRefund(deps),
    inquire: createInquire(deps),
    inquireRefunds: createInquireRefunds(deps),
    resend: createResend(deps),
    readNews: createReadNews(deps),
    acknowledge: createAcknowledge(deps),
  });
}

export type Activities = ReturnType<typeof createActivities>;
