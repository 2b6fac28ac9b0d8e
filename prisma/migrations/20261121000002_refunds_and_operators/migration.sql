-- Refunds are aggregates of their own, so what belonged to a payment now belongs to an owner: a payment or a
-- refund. `payment_id` stays beside it, because whoever looks at a payment looks at its refunds too.

ALTER TABLE "operation" ADD COLUMN "owner_id" TEXT;
ALTER TABLE "observation" ADD COLUMN "owner_id" TEXT;
ALTER TABLE "audit" ADD COLUMN "owner_id" TEXT;
ALTER TABLE "ledger_transaction" ADD COLUMN "owner_id" TEXT;
ALTER TABLE "outbox" ADD COLUMN "owner_id" TEXT;
ALTER TABLE "inbox" ADD COLUMN "owner_id" TEXT;

-- Rows written before there were refunds are their payment's. Only the schema's owner can lift the guards.
ALTER TABLE "observation" DISABLE TRIGGER observation_immutable;
ALTER TABLE "audit" DISABLE TRIGGER audit_immutable;
ALTER TABLE "ledger_transaction" DISABLE TRIGGER ledger_transaction_immutable;
ALTER TABLE "outbox" DISABLE TRIGGER outbox_immutable;
UPDATE "operation" SET "owner_id" = "payment_id";
UPDATE "observation" SET "owner_id" = "payment_id";
UPDATE "audit" SET "owner_id" = "payment_id";
UPDATE "ledger_transaction" SET "owner_id" = "payment_id";
UPDATE "outbox" SET "owner_id" = "payment_id";
UPDATE "inbox" SET "owner_id" = "payment_id";
ALTER TABLE "observation" ENABLE TRIGGER observation_immutable;
ALTER TABLE "audit" ENABLE TRIGGER audit_immutable;
ALTER TABLE "ledger_transaction" ENABLE TRIGGER ledger_transaction_immutable;
ALTER TABLE "outbox" ENABLE TRIGGER outbox_immutable;

ALTER TABLE "operation" ALTER COLUMN "owner_id" SET NOT NULL;
ALTER TABLE "observation" ALTER COLUMN "owner_id" SET NOT NULL;
ALTER TABLE "audit" ALTER COLUMN "owner_id" SET NOT NULL;
ALTER TABLE "ledger_transaction" ALTER COLUMN "owner_id" SET NOT NULL;
ALTER TABLE "outbox" ALTER COLUMN "owner_id" SET NOT NULL;

DROP INDEX "operation_payment_id_attempt_number_kind_number_key";
DROP INDEX "operation_payment_id_attempt_number_kind_cause_key";
CREATE UNIQUE INDEX "operation_owner_id_attempt_number_kind_number_key" ON "operation"("owner_id", "attempt_number", "kind", "number");
CREATE UNIQUE INDEX "operation_owner_id_attempt_number_kind_cause_key" ON "operation"("owner_id", "attempt_number", "kind", "cause");
CREATE INDEX "operation_payment_id_idx" ON "operation"("payment_id");
CREATE INDEX "operation_attempt_id_idx" ON "operation"("attempt_id");
DROP INDEX "observation_payment_id_idx";
CREATE INDEX "observation_owner_id_idx" ON "observation"("owner_id");
ALTER TABLE "audit" DROP CONSTRAINT "audit_pkey";
ALTER TABLE "audit" ADD CONSTRAINT "audit_pkey" PRIMARY KEY ("owner_id", "sequence");
CREATE INDEX "audit_payment_id_idx" ON "audit"("payment_id");
DROP INDEX "outbox_payment_id_sequence_type_key";
CREATE UNIQUE INDEX "outbox_owner_id_sequence_type_key" ON "outbox"("owner_id", "sequence", "type");
CREATE INDEX "outbox_payment_id_idx" ON "outbox"("payment_id");
CREATE INDEX "inbox_owner_id_idx" ON "inbox"("owner_id");

-- CreateTable
CREATE TABLE "refund" (
    "id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "attempt_id" TEXT NOT NULL,
    "attempt_number" INTEGER NOT NULL,
    "account_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "reason" TEXT,
    "reference" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "failure" JSONB,
    "step" JSONB NOT NULL,
    "counted_operation_id" TEXT,
    "outside_bound" BOOLEAN NOT NULL DEFAULT false,
    "excess_minor" BIGINT NOT NULL DEFAULT 0,
    "audit_head" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "refund_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "refund_payment_id_idx" ON "refund"("payment_id");
CREATE INDEX "refund_merchant_id_mode_created_at_id_idx" ON "refund"("merchant_id", "mode", "created_at" DESC, "id" DESC);
CREATE INDEX "refund_status_updated_at_idx" ON "refund"("status", "updated_at");
ALTER TABLE "refund" ADD CONSTRAINT "refund_payment_id_fkey" FOREIGN KEY ("payment_id") REFERENCES "payment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- CreateTable
CREATE TABLE "external_refund" (
    "id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "provider_reference" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "observed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "external_refund_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "external_refund_payment_id_idx" ON "external_refund"("payment_id");
CREATE UNIQUE INDEX "external_refund_account_id_provider_reference_key" ON "external_refund"("account_id", "provider_reference");

-- CreateTable
CREATE TABLE "operator" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "operator_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "operator_digest_key" ON "operator"("digest");

-- CreateTable
CREATE TABLE "operator_refusal" (
    "id" BIGSERIAL NOT NULL,
    "operator_id" TEXT,
    "method" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "code" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "operator_refusal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "resolution" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "operation_id" TEXT,
    "outcome" JSONB NOT NULL,
    "evidence" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "proposed_by" TEXT NOT NULL,
    "proposed_at" TIMESTAMPTZ(3) NOT NULL,
    "approved_by" TEXT,
    "approved_at" TIMESTAMPTZ(3),

    CONSTRAINT "resolution_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "resolution_owner_id_idx" ON "resolution"("owner_id");

-- One reservation for one refund, and one for one undoing: not for each try at the provider.
ALTER TABLE "refund_reservation" RENAME COLUMN "operation_id" TO "subject_id";
ALTER TABLE "refund_reservation" ADD COLUMN "released_at" TIMESTAMPTZ(3);
UPDATE "refund_reservation" SET "subject_id" = o."attempt_id" FROM "operation" o WHERE o."id" = "refund_reservation"."subject_id";

-- What was refunded is counted where it is bounded, by whoever refunds; the payment's row has one writer.
ALTER TABLE "payment_balance" ADD COLUMN "refunded_minor" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "payment_balance"
  ADD CONSTRAINT payment_balance_refunded CHECK (refunded_minor BETWEEN 0 AND refund_reserved_minor);
ALTER TABLE "payment" DROP CONSTRAINT payment_amounts;
ALTER TABLE "payment" DROP COLUMN "amount_refunded_minor";
ALTER TABLE "payment" ADD CONSTRAINT payment_amounts CHECK (amount_minor > 0
  AND amount_captured_minor BETWEEN 0 AND amount_authorized_minor AND amount_authorized_minor <= amount_minor);
ALTER TABLE "refund" ADD CONSTRAINT refund_amount CHECK (amount_minor > 0),
  ADD CONSTRAINT refund_sequence CHECK (sequence >= 1 AND generation >= 1);
ALTER TABLE "resolution" ADD CONSTRAINT resolution_two_operators CHECK (
  status IN ('proposed', 'approved', 'superseded')
  AND (status = 'approved') = (approved_by IS NOT NULL) AND approved_by IS DISTINCT FROM proposed_by);

CREATE FUNCTION interlock_refund_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('pending', ARRAY['succeeded', 'failed', 'requires_review', 'canceled']),
    ('requires_review', ARRAY['pending', 'succeeded', 'failed', 'canceled']),
    ('succeeded', ARRAY['requires_review']),
    ('failed', ARRAY['succeeded', 'requires_review'])
  ) AS edges (f, t)
$$;

CREATE FUNCTION interlock_guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.generation < OLD.generation THEN
    RAISE EXCEPTION 'refund %: generation may not go back from % to %', OLD.id, OLD.generation, NEW.generation;
  END IF;
  IF NEW.sequence NOT IN (OLD.sequence, OLD.sequence + 1) THEN
    RAISE EXCEPTION 'refund %: sequence % does not follow %', OLD.id, NEW.sequence, OLD.sequence;
  END IF;
  IF NEW.status <> OLD.status THEN
    IF NEW.sequence = OLD.sequence THEN
      RAISE EXCEPTION 'refund %: status changed without a new sequence', OLD.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM interlock_refund_edges() e
                   WHERE e.from_status = OLD.status AND e.to_status = NEW.status) THEN
      RAISE EXCEPTION 'refund %: % may not become %', OLD.id, OLD.status, NEW.status;
    END IF;
  END IF;
  IF (NEW.payment_id, NEW.merchant_id, NEW.mode, NEW.attempt_id, NEW.amount_minor, NEW.currency)
     IS DISTINCT FROM (OLD.payment_id, OLD.merchant_id, OLD.mode, OLD.attempt_id, OLD.amount_minor, OLD.currency) THEN
    RAISE EXCEPTION 'refund %: what was asked for does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refund_guard BEFORE UPDATE ON refund FOR EACH ROW EXECUTE FUNCTION interlock_guard_refund();

-- An operation's owner is part of what it is.
CREATE FUNCTION interlock_guard_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.owner_id IS DISTINCT FROM OLD.owner_id THEN
    RAISE EXCEPTION 'operation %: its owner does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER operation_owner_guard BEFORE UPDATE ON operation FOR EACH ROW EXECUTE FUNCTION interlock_guard_owner();

-- A reservation is released at most once, and never changes.
CREATE FUNCTION interlock_guard_reservation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.subject_id, NEW.payment_id, NEW.amount_minor) IS DISTINCT FROM (OLD.subject_id, OLD.payment_id, OLD.amount_minor)
     OR (OLD.released_at IS NOT NULL AND NEW.released_at IS DISTINCT FROM OLD.released_at) THEN
    RAISE EXCEPTION 'reservation of %: it is released once and does not change', OLD.subject_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refund_reservation_guard BEFORE UPDATE ON refund_reservation
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_reservation();

CREATE TRIGGER external_refund_immutable BEFORE UPDATE OR DELETE ON external_refund
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();
CREATE TRIGGER operator_refusal_immutable BEFORE UPDATE OR DELETE ON operator_refusal
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

GRANT SELECT, INSERT, UPDATE ON refund, operator, resolution TO interlock_app;
GRANT SELECT, INSERT ON external_refund, operator_refusal TO interlock_app;
GRANT USAGE ON SEQUENCE operator_refusal_id_seq TO interlock_app;
