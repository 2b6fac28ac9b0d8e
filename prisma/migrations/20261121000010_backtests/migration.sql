-- A routing policy held against the past (a back-test), or against another on the payments of now (an experiment).

CREATE TABLE "routing_backtest" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    -- Null for a text that was never saved.
    "policy_version" INTEGER,
    -- As of the start, so that the answer is about one thing.
    "source" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "platform_version" INTEGER NOT NULL,
    "from_at" TIMESTAMPTZ(3) NOT NULL,
    "to_at" TIMESTAMPTZ(3) NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'running',
    "total" BIGINT NOT NULL,
    "read" BIGINT NOT NULL DEFAULT 0,
    -- Where the reading stands, and what was counted up to there: written together, so that a killed worker's
    -- successor counts nothing twice.
    "cursor" JSONB,
    "tally" JSONB,
    "result" JSONB,
    "failure" TEXT,
    -- `key:<API key id>` or `operator:<id>`.
    "actor" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "routing_backtest_pkey" PRIMARY KEY ("id"),
    CONSTRAINT routing_backtest_whole CHECK (from_at < to_at AND actor <> '' AND source <> '' AND read >= 0
      AND status IN ('running', 'completed', 'failed', 'canceled')
      AND (status = 'running') = (ended_at IS NULL)
      AND (status = 'completed') = (result IS NOT NULL)
      AND (status = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX "routing_backtest_merchant_id_mode_created_at_idx" ON "routing_backtest"("merchant_id", "mode", "created_at" DESC);

CREATE FUNCTION interlock_guard_backtest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'running' THEN
    RAISE EXCEPTION 'back-test % has ended', OLD.id;
  END IF;
  IF (NEW.id, NEW.merchant_id, NEW.mode, NEW.policy_version, NEW.source, NEW.document, NEW.platform_version, NEW.from_at,
      NEW.to_at, NEW.actor, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.mode, OLD.policy_version, OLD.source, OLD.document,
      OLD.platform_version, OLD.from_at, OLD.to_at, OLD.actor, OLD.created_at) THEN
    RAISE EXCEPTION 'back-test %: what it asks does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER routing_backtest_guard BEFORE UPDATE ON routing_backtest
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_backtest();

CREATE TABLE "routing_experiment" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    -- The version that was active when it began.
    "control_version" INTEGER NOT NULL,
    "treatment_version" INTEGER NOT NULL,
    -- Of a hundred payments, how many the treatment decides.
    "percent" INTEGER NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'running',
    "metric" TEXT NOT NULL DEFAULT 'success',
    -- SequentialOptions (domain/routing/learning/sequential.ts), as they differ from the defaults.
    "options" JSONB NOT NULL DEFAULT '{}',
    -- The last look: both arms and what the test says of them.
    "looks" INTEGER NOT NULL DEFAULT 0,
    "seen" JSONB,
    "actor" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "stopped_by" TEXT,
    "stop_reason" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "ends_by" TIMESTAMPTZ(3) NOT NULL,
    "looked_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "routing_experiment_pkey" PRIMARY KEY ("id"),
    CONSTRAINT routing_experiment_whole CHECK (control_version <> treatment_version AND percent BETWEEN 1 AND 50
      AND metric = 'success' AND started_at < ends_by AND actor <> '' AND reason <> ''
      AND status IN ('running', 'treatment_better', 'control_better', 'no_difference', 'guard_rail_breached',
        'out_of_time', 'stopped')
      AND (status = 'running') = (ended_at IS NULL)
      AND (status = 'stopped') = (stopped_by IS NOT NULL) AND (stopped_by IS NULL) = (stop_reason IS NULL))
);
CREATE UNIQUE INDEX routing_experiment_running ON "routing_experiment"("merchant_id", "mode") WHERE status = 'running';
CREATE INDEX "routing_experiment_merchant_id_mode_started_at_idx" ON "routing_experiment"("merchant_id", "mode", "started_at" DESC);

CREATE FUNCTION interlock_guard_experiment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'running' THEN
    RAISE EXCEPTION 'experiment % has ended', OLD.id;
  END IF;
  IF (NEW.id, NEW.merchant_id, NEW.mode, NEW.control_version, NEW.treatment_version, NEW.percent, NEW.metric, NEW.options,
      NEW.actor, NEW.reason, NEW.started_at, NEW.ends_by)
     IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.mode, OLD.control_version, OLD.treatment_version, OLD.percent,
      OLD.metric, OLD.options, OLD.actor, OLD.reason, OLD.started_at, OLD.ends_by) THEN
    RAISE EXCEPTION 'experiment %: what is compared does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER routing_experiment_guard BEFORE UPDATE ON routing_experiment
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_experiment();
-- Workers route by it, so they have to know when it begins and ends; not each time that it was looked at.
CREATE TRIGGER routing_experiment_begins AFTER INSERT ON routing_experiment
  FOR EACH ROW EXECUTE FUNCTION interlock_note_routing_change();
CREATE TRIGGER routing_experiment_ends AFTER UPDATE ON routing_experiment
  FOR EACH ROW WHEN (NEW.status <> OLD.status) EXECUTE FUNCTION interlock_note_routing_change();

GRANT SELECT, INSERT, UPDATE ON routing_backtest, routing_experiment TO interlock_app;
