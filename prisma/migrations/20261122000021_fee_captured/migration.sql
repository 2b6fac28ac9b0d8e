-- What the fees are a share of: the captured money of the payments that have one. Until a cell is computed anew it says what
-- it said before, all captured money.
ALTER TABLE "rollup_cell" ADD COLUMN "fee_captured_minor" BIGINT NOT NULL DEFAULT 0;
UPDATE "rollup_cell" SET "fee_captured_minor" = "captured_minor" WHERE "fee_payments" > 0;

-- By which form of the figures all was noted last. A worker of a newer one has everything computed anew at its first look.
ALTER TABLE "rollup_standing" ADD COLUMN "form" INTEGER NOT NULL DEFAULT 1;
