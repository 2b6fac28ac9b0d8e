-- Figures, kept as cells: one per period and everything that figures are told apart by. A workflow keeps them
-- (workflows/rollup); every hour of a merchant in which something changed is computed anew from the payments themselves,
-- so no cell is ever added to, and none can drift.

-- Which transaction wrote a step: by it the steps since the last look are found, whoever committed first. The default is
-- evaluated once here, so that no old row is written anew.
ALTER TABLE "audit" ADD COLUMN "written_in" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint;
CREATE INDEX "audit_written_in_idx" ON "audit"("written_in");
-- Files that were booked since. No payment's own postings are in it.
CREATE INDEX "ledger_transaction_posted_in_idx" ON "ledger_transaction"("posted_in") WHERE payment_id IS NULL;

-- `level`: what is told apart (domain/figures/dimensions.ts); what a level adds up is '' in its rows.
CREATE TABLE "rollup_cell" (
    "level" TEXT NOT NULL,
    "grain" TEXT NOT NULL,
    "bucket" TIMESTAMPTZ(3) NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "issuer_country" TEXT NOT NULL,
    "brand" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "payments" INTEGER NOT NULL DEFAULT 0,
    "payments_succeeded" INTEGER NOT NULL DEFAULT 0,
    "payments_failed" INTEGER NOT NULL DEFAULT 0,
    "payments_canceled" INTEGER NOT NULL DEFAULT 0,
    "failed_over" INTEGER NOT NULL DEFAULT 0,
    "recovered_by_failover" INTEGER NOT NULL DEFAULT 0,
    "retried" INTEGER NOT NULL DEFAULT 0,
    "recovered_by_retry" INTEGER NOT NULL DEFAULT 0,
    "fee_payments" INTEGER NOT NULL DEFAULT 0,
    "fee_settled" INTEGER NOT NULL DEFAULT 0,
    "fee_compared" INTEGER NOT NULL DEFAULT 0,
    "routed" INTEGER NOT NULL DEFAULT 0,
    "routed_best" INTEGER NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "approved" INTEGER NOT NULL DEFAULT 0,
    "soft_declined" INTEGER NOT NULL DEFAULT 0,
    "hard_declined" INTEGER NOT NULL DEFAULT 0,
    "unknown" INTEGER NOT NULL DEFAULT 0,
    "not_attempted" INTEGER NOT NULL DEFAULT 0,
    "rejected" INTEGER NOT NULL DEFAULT 0,
    "authentications" INTEGER NOT NULL DEFAULT 0,
    "auth_exempted" INTEGER NOT NULL DEFAULT 0,
    "auth_not_performed" INTEGER NOT NULL DEFAULT 0,
    "auth_frictionless" INTEGER NOT NULL DEFAULT 0,
    "auth_challenged" INTEGER NOT NULL DEFAULT 0,
    "auth_challenge_succeeded" INTEGER NOT NULL DEFAULT 0,
    "auth_abandoned" INTEGER NOT NULL DEFAULT 0,
    "auth_failed" INTEGER NOT NULL DEFAULT 0,
    "amount_minor" BIGINT NOT NULL DEFAULT 0,
    "authorized_minor" BIGINT NOT NULL DEFAULT 0,
    "captured_minor" BIGINT NOT NULL DEFAULT 0,
    "refunded_minor" BIGINT NOT NULL DEFAULT 0,
    "charged_back_minor" BIGINT NOT NULL DEFAULT 0,
    "fee_minor" BIGINT NOT NULL DEFAULT 0,
    "fee_paid_minor" BIGINT NOT NULL DEFAULT 0,
    "fee_estimated_minor" BIGINT NOT NULL DEFAULT 0,
    "fee_best_minor" BIGINT NOT NULL DEFAULT 0,
    "fee_blind_minor" BIGINT NOT NULL DEFAULT 0,
    "chosen_rate_ppm" BIGINT NOT NULL DEFAULT 0,
    "best_rate_ppm" BIGINT NOT NULL DEFAULT 0,
    -- Histograms with fixed bounds (domain/figures/histogram.ts); null: empty.
    "latency" INTEGER[],
    "settlement_lag" INTEGER[],

    CONSTRAINT "rollup_cell_pkey" PRIMARY KEY ("level", "grain", "bucket", "merchant_id", "mode", "account_id", "provider", "issuer_country", "brand", "currency", "method"),
    CONSTRAINT rollup_cell_names CHECK (level IN ('full', 'merchant', 'country', 'brand') AND grain IN ('hour', 'day', 'week'))
);

-- Why attempts were declined, and what followed.
CREATE TABLE "rollup_decline" (
    "level" TEXT NOT NULL,
    "grain" TEXT NOT NULL,
    "bucket" TIMESTAMPTZ(3) NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "issuer_country" TEXT NOT NULL,
    "brand" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "declined" INTEGER NOT NULL DEFAULT 0,
    "hard" INTEGER NOT NULL DEFAULT 0,
    "followed" INTEGER NOT NULL DEFAULT 0,
    "recovered" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "rollup_decline_pkey" PRIMARY KEY ("level", "grain", "bucket", "merchant_id", "mode", "account_id", "provider", "issuer_country", "brand", "currency", "method", "reason"),
    CONSTRAINT rollup_decline_names CHECK (level IN ('full', 'merchant', 'country', 'brand') AND grain IN ('hour', 'day', 'week'))
);

-- Hours of a merchant that have to be computed anew.
CREATE TABLE "rollup_dirty" (
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rollup_dirty_pkey" PRIMARY KEY ("hour", "merchant_id", "mode")
);

-- How far the figures are. One row.
CREATE TABLE "rollup_standing" (
    "id" INTEGER NOT NULL DEFAULT 1,
    -- Transactions below it have been looked at; 0: nothing has.
    "cursor" BIGINT NOT NULL DEFAULT 0,
    -- Since when figures are kept: what was never complete is as late as this is long ago.
    "begun_at" TIMESTAMPTZ(3),
    "looked_at" TIMESTAMPTZ(3),
    -- All that was committed by then is in the figures.
    "complete_until" TIMESTAMPTZ(3),
    "hours_computed" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "rollup_standing_pkey" PRIMARY KEY ("id"),
    CONSTRAINT rollup_standing_one CHECK (id = 1)
);
INSERT INTO rollup_standing (id) VALUES (1);

GRANT SELECT, INSERT, UPDATE, DELETE ON rollup_cell, rollup_decline, rollup_dirty TO interlock_app;
GRANT SELECT, UPDATE ON rollup_standing TO interlock_app;
