-- What the fees are a share of: the captured money of the payments that have one. Null until a cell is computed anew; it then
-- says what it said before, all captured money (db/rollups/added-up.ts). No row is written here: readers would wait for that.
ALTER TABLE "rollup_cell" ADD COLUMN "fee_captured_minor" BIGINT;

-- By which form of the figures all was noted last. A worker of a newer one has everything computed anew at its first look.
ALTER TABLE "rollup_standing" ADD COLUMN "form" INTEGER NOT NULL DEFAULT 1;
