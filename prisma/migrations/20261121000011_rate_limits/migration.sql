-- How many requests came in the windows that are open now, counted for all API processes together. It is written with
-- nearly every burst and is worth nothing in ten seconds: so it is kept out of the log that makes commits wait, and a crash
-- empties it.
CREATE UNLOGGED TABLE "rate_limit" (
  "key" VARCHAR(255) PRIMARY KEY,
  "points" INTEGER NOT NULL DEFAULT 0,
  "expire" BIGINT
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON "rate_limit" TO interlock_app;

-- What holds for this merchant in place of the platform's limits (domain/rate-limits.ts).
ALTER TABLE "merchant" ADD COLUMN "rate_limits" JSONB NOT NULL DEFAULT '{}';
