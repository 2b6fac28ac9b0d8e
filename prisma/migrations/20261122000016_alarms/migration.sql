-- What somebody is told of (domain/alarms), as workers see it: one row from when it begins to hold until it holds no more.
-- Prometheus keeps its own book by the same table; this one is the console's, and what a storm is judged by.
CREATE TABLE "alarm" (
    "id" BIGSERIAL NOT NULL,
    "name" TEXT NOT NULL,
    -- What it holds for: an account, a queue, a kind, a worker; '' where it holds for everything.
    "subject" TEXT NOT NULL DEFAULT '',
    "severity" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "fired_at" TIMESTAMPTZ(3),
    "resolved_at" TIMESTAMPTZ(3),
    -- When a look last found that it holds: what is about a worker that looks no more is over.
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT "alarm_pkey" PRIMARY KEY ("id"),
    CONSTRAINT alarm_whole CHECK (severity IN ('page', 'ticket') AND name <> ''
      -- What never fired is forgotten, not resolved.
      AND (resolved_at IS NULL OR fired_at IS NOT NULL))
);
CREATE UNIQUE INDEX alarm_open ON "alarm"("name", "subject") WHERE resolved_at IS NULL;
CREATE INDEX "alarm_fired_at_idx" ON "alarm"("fired_at" DESC);

-- When a worker last looked: one row. Whoever finds it old knows that nobody looks.
CREATE TABLE "alarm_look" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "looked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT "alarm_look_pkey" PRIMARY KEY ("id"),
    CONSTRAINT alarm_look_single CHECK (id = 1)
);

-- Payments of our own that go the whole way, and how far each came.
CREATE TABLE "canary_run" (
    "id" BIGSERIAL NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "payment_id" TEXT,
    "succeeded" BOOLEAN NOT NULL,
    -- The step that it failed at, and why; each step's milliseconds.
    "failed_step" TEXT,
    "detail" TEXT,
    "steps" JSONB NOT NULL DEFAULT '{}',
    CONSTRAINT "canary_run_pkey" PRIMARY KEY ("id"),
    CONSTRAINT canary_run_whole CHECK (succeeded = (failed_step IS NULL))
);
CREATE INDEX "canary_run_succeeded_ended_at_idx" ON "canary_run"("succeeded", "ended_at" DESC);

-- The look asks what was given up lately, however much was given up before.
CREATE INDEX "webhook_delivery_dead_lately_idx" ON "webhook_delivery"("last_attempt_at") WHERE status = 'dead';

GRANT SELECT, INSERT, UPDATE, DELETE ON alarm TO interlock_app;
GRANT SELECT, INSERT, UPDATE ON alarm_look TO interlock_app;
-- Kept for a month.
GRANT SELECT, INSERT, DELETE ON canary_run TO interlock_app;
GRANT USAGE ON SEQUENCE alarm_id_seq, canary_run_id_seq TO interlock_app;
