-- Events that merchants can rely on: a gapless number per payment, an order that is safe to read while others
-- write, and their deliveries to merchants' endpoints.

-- The payment's last event number, refunds' events counted with their payment's. Taken in the statement that writes
-- the events; who needs the balance's row too locks that one first.
CREATE TABLE "event_counter" (
    "payment_id" TEXT NOT NULL,
    "last" INTEGER NOT NULL,
    "transaction_id" BIGINT NOT NULL,

    CONSTRAINT "event_counter_pkey" PRIMARY KEY ("payment_id")
);

ALTER TABLE "outbox" ADD COLUMN "event_sequence" INTEGER;
ALTER TABLE "outbox" ADD COLUMN "transaction_id" BIGINT;
ALTER TABLE "outbox" ADD COLUMN "position" BIGINT;

-- Rows from before get their numbers in the order in which they were written. Only the owner can lift the guard.
ALTER TABLE "outbox" DISABLE TRIGGER outbox_immutable;
UPDATE "outbox" o SET "event_sequence" = n.event_sequence, "transaction_id" = 0, "position" = n.position
FROM (SELECT id,
        row_number() OVER (PARTITION BY payment_id ORDER BY created_at, owner_id, sequence, id) AS event_sequence,
        row_number() OVER (ORDER BY created_at, owner_id, sequence, id) AS position
      FROM "outbox") n WHERE n.id = o.id;
ALTER TABLE "outbox" ENABLE TRIGGER outbox_immutable;
INSERT INTO "event_counter" ("payment_id", "last", "transaction_id")
  SELECT payment_id, max(event_sequence), 0 FROM "outbox" GROUP BY payment_id;

CREATE SEQUENCE "outbox_position_seq" AS BIGINT OWNED BY "outbox"."position";
SELECT setval('outbox_position_seq', (SELECT coalesce(max(position), 0) + 1 FROM "outbox"), false);
ALTER TABLE "outbox" ALTER COLUMN "event_sequence" SET NOT NULL;
ALTER TABLE "outbox" ALTER COLUMN "transaction_id" SET DEFAULT pg_current_xact_id()::text::bigint;
ALTER TABLE "outbox" ALTER COLUMN "transaction_id" SET NOT NULL;
ALTER TABLE "outbox" ALTER COLUMN "position" SET DEFAULT nextval('outbox_position_seq');
ALTER TABLE "outbox" ALTER COLUMN "position" SET NOT NULL;

CREATE UNIQUE INDEX "outbox_payment_id_event_sequence_key" ON "outbox"("payment_id", "event_sequence");
DROP INDEX "outbox_payment_id_idx";
DROP INDEX "outbox_merchant_id_mode_created_at_idx";
CREATE INDEX "outbox_merchant_id_mode_transaction_id_position_idx" ON "outbox"("merchant_id", "mode", "transaction_id", "position");

-- A merchant's own endpoint. The cursor is the last event that deliveries were made for; a new one's is "now".
CREATE TABLE "webhook_endpoint" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "description" TEXT,
    "event_types" TEXT[] NOT NULL DEFAULT '{}',
    "status" TEXT NOT NULL DEFAULT 'enabled',
    "disabled_reason" TEXT,
    "sealed_secrets" BYTEA NOT NULL,
    "cursor_transaction_id" BIGINT NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    "cursor_position" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_endpoint_pkey" PRIMARY KEY ("id"),
    CONSTRAINT webhook_endpoint_status CHECK (status IN ('enabled', 'disabled')
      AND (status = 'disabled' OR disabled_reason IS NULL))
);
CREATE INDEX "webhook_endpoint_merchant_id_mode_created_at_idx" ON "webhook_endpoint"("merchant_id", "mode", "created_at");

-- One event on its way to one endpoint. Of a payment's pending ones only the first has a `next_attempt_at`; the
-- others wait for it. `claimed_until` keeps a second sender away from one that is on the wire.
CREATE TABLE "webhook_delivery" (
    "endpoint_id" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "event_sequence" INTEGER NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "claimed_by" TEXT,
    "claimed_until" TIMESTAMPTZ(3),
    "last_attempt_at" TIMESTAMPTZ(3),
    "last_status_code" INTEGER,
    "last_error" TEXT,
    "delivered_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("endpoint_id", "event_id"),
    CONSTRAINT webhook_delivery_whole CHECK (attempts >= 0 AND (status <> 'delivered' OR delivered_at IS NOT NULL)
      AND (status = 'pending' OR (next_attempt_at IS NULL AND claimed_until IS NULL))
      AND (claimed_by IS NULL) = (claimed_until IS NULL))
);
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_endpoint_id_fkey"
  FOREIGN KEY ("endpoint_id") REFERENCES "webhook_endpoint"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_event_id_fkey"
  FOREIGN KEY ("event_id") REFERENCES "outbox"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
CREATE INDEX "webhook_delivery_endpoint_id_status_created_at_idx" ON "webhook_delivery"("endpoint_id", "status", "created_at");
CREATE INDEX "webhook_delivery_event_id_idx" ON "webhook_delivery"("event_id");
CREATE INDEX webhook_delivery_heads ON "webhook_delivery"("endpoint_id", "next_attempt_at")
  WHERE status = 'pending' AND next_attempt_at IS NOT NULL;
CREATE UNIQUE INDEX webhook_delivery_queue ON "webhook_delivery"("endpoint_id", "payment_id", "event_sequence");

CREATE FUNCTION interlock_delivery_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('pending', ARRAY['delivered', 'dead']),
    ('delivered', ARRAY['pending']),
    ('dead', ARRAY['pending'])
  ) AS edges (f, t)
$$;

CREATE FUNCTION interlock_guard_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> OLD.status AND NOT EXISTS (
    SELECT 1 FROM interlock_delivery_edges() e WHERE e.from_status = OLD.status AND e.to_status = NEW.status) THEN
    RAISE EXCEPTION 'delivery of %: % may not become %', OLD.event_id, OLD.status, NEW.status;
  END IF;
  IF (NEW.endpoint_id, NEW.event_id, NEW.payment_id, NEW.event_sequence)
     IS DISTINCT FROM (OLD.endpoint_id, OLD.event_id, OLD.payment_id, OLD.event_sequence) THEN
    RAISE EXCEPTION 'delivery of %: its event does not change', OLD.event_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER webhook_delivery_guard BEFORE UPDATE ON webhook_delivery
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_delivery();

-- A cursor that went back would deliver again what was dealt with; one merchant's endpoint is not another's.
CREATE FUNCTION interlock_guard_endpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.cursor_transaction_id, NEW.cursor_position) < (OLD.cursor_transaction_id, OLD.cursor_position) THEN
    RAISE EXCEPTION 'endpoint %: its cursor may not go back', OLD.id;
  END IF;
  IF (NEW.id, NEW.merchant_id, NEW.mode) IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.mode) THEN
    RAISE EXCEPTION 'endpoint %: its merchant does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER webhook_endpoint_guard BEFORE UPDATE ON webhook_endpoint
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_endpoint();

CREATE FUNCTION interlock_guard_counter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.payment_id <> OLD.payment_id OR NEW.last < OLD.last OR NEW.transaction_id < OLD.transaction_id THEN
    RAISE EXCEPTION 'event counter of %: it only counts up', OLD.payment_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER event_counter_guard BEFORE UPDATE ON event_counter
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_counter();

GRANT SELECT, INSERT, UPDATE ON event_counter, webhook_delivery TO interlock_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoint TO interlock_app;
GRANT USAGE ON SEQUENCE outbox_position_seq TO interlock_app;
