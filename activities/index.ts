/**
 * activities/: what workflows have done in the world. One verb a file, each made by a factory that takes
 * its dependencies. What lives here: opening the vault, claiming permits, calling adapters, reading and
 * writing rows. What may not: deciding what follows (domain/ does), or sending anywhere but in send.ts.
 * The smallest to read is payment/record.ts, the most important send.ts with payment/authorize.ts.
 */
import { createAdvanceBacktest } from './backtest/advance.ts';
import { createFlyCanary } from './canary/fly.ts';
import { createCommandCase } from './case/command.ts';
import { createEscalateCase, createLookAfterCase } from './case/look-after.ts';
import { createPaidOtherwise } from './challenge/paid-otherwise.ts';
import { createTellOfChallenge } from './challenge/tell.ts';
import type { Dependencies } from './dependencies.ts';
import { announced, said } from './events/announce.ts';
import { createDeliver } from './events/deliver.ts';
import { createLookAtExperiment } from './experiment/look.ts';
import { guarded } from './failures.ts';
import { createAuthorize } from './payment/authorize.ts';
import { createInquire, createInquireRefunds, createResend } from './payment/inquire.ts';
import { createCapture, createRefund, createVoid } from './payment/modify.ts';
import { createAcknowledge, createReadNews } from './payment/news.ts';
import { createHydrate, createPlan, createRoute } from './payment/plan.ts';
import { createRecord } from './payment/record.ts';
import { createAskProvider } from './reconciliation/ask.ts';
import { createBeginReconciliation, createBusinessDateOf } from './reconciliation/begin.ts';
import { createRefreshBookings } from './reconciliation/bookings.ts';
import { createBringSettlementNews, createCheckSettlementNews } from './reconciliation/bring-news.ts';
import { createClassifySettlements, createPostBankLines } from './reconciliation/classify.ts';
import { createCloseReconciliation } from './reconciliation/close.ts';
import { createFetchSettlements } from './reconciliation/fetch.ts';
import { createPostSettlements } from './reconciliation/post.ts';
import { createStageSettlements } from './reconciliation/stage.ts';
import { createVerifySettlements } from './reconciliation/verify.ts';
import { createHydrateRefund, createPlanRefund } from './refund/plan.ts';
import { createRecordRefund } from './refund/record.ts';
import { createReadResolution, createRevoke } from './revoke.ts';
import { createKeepFigures } from './rollup/keep-figures.ts';

export type { RecordExtras, Recorded } from '../db/record.ts';
export type { StoredResolution } from '../db/resolutions.ts';
export type { Dependencies, Providers } from './dependencies.ts';
export type { DeliverReport } from './events/deliver.ts';
export type { RollupReport } from './rollup/keep-figures.ts';

/** The names on the left are on the wire in every history: they are added to, never changed. */
export function createActivities(deps: Dependencies) {
  return guarded({
    plan: createPlan(deps),
    hydrate: createHydrate(deps),
    route: createRoute(deps),
    record: announced(deps, createRecord(deps), ({ transition }) => ({
      ...transition.payment,
      ...transition,
    })),
    planRefund: announced(deps, createPlanRefund(deps), (_order, result) =>
      result.type === 'refund' && result.created
        ? { ...result.refund, events: ['refund.created'] }
        : undefined,
    ),
    hydrateRefund: createHydrateRefund(deps),
    recordRefund: announced(deps, createRecordRefund(deps), ({ transition: { refund, events } }) =>
      said(refund, events),
    ),
    revoke: createRevoke(deps),
    readResolution: createReadResolution(deps),
    authorize: createAuthorize(deps),
    capture: createCapture(deps),
    voidAuthorization: createVoid(deps),
    refund: createRefund(deps),
    inquire: createInquire(deps),
    inquireRefunds: createInquireRefunds(deps),
    resend: createResend(deps),
    paidOtherwise: createPaidOtherwise(deps),
    tellOfChallenge: createTellOfChallenge(deps),
    readNews: createReadNews(deps),
    acknowledge: createAcknowledge(deps),
    deliverDue: createDeliver(deps),
    lookAfterCase: createLookAfterCase(deps),
    escalateCase: createEscalateCase(deps),
    commandCase: createCommandCase(deps),
    businessDateOf: createBusinessDateOf(deps),
    beginReconciliation: createBeginReconciliation(deps),
    fetchSettlements: createFetchSettlements(deps),
    verifySettlements: createVerifySettlements(deps),
    refreshBookings: createRefreshBookings(deps),
    stageSettlements: createStageSettlements(deps),
    classifySettlements: createClassifySettlements(deps),
    postSettlements: createPostSettlements(deps),
    postBankLines: createPostBankLines(deps),
    bringSettlementNews: createBringSettlementNews(deps),
    checkSettlementNews: createCheckSettlementNews(deps),
    askProvider: createAskProvider(deps),
    closeReconciliation: createCloseReconciliation(deps),
    advanceBacktest: createAdvanceBacktest(deps),
    lookAtExperiment: createLookAtExperiment(deps),
    keepFigures: createKeepFigures(deps),
    flyCanary: createFlyCanary(deps),
  });
}

export type Activities = ReturnType<typeof createActivities>;
