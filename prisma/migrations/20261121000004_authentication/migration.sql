-- 3DS2 challenges, customers and mandates.

-- The payment says how its attempts are to be authenticated, each attempt what came of it.
ALTER TABLE "payment" ADD COLUMN "authentication" JSONB;
ALTER TABLE "payment" ADD COLUMN "stored_credential" JSONB;
ALTER TABLE "payment" ADD COLUMN "customer_id" TEXT;
ALTER TABLE "attempt" ADD COLUMN "authentication" JSONB;
-- The network's own name of the authorization, which later merchant-initiated ones refer to.
ALTER TABLE "attempt" ADD COLUMN "network_transaction_id" TEXT;
CREATE INDEX "attempt_authentication_status_idx" ON "attempt" (("authentication"->>'status')) WHERE "authentication" IS NOT NULL;
CREATE INDEX "payment_merchant_id_mode_reference_idx" ON "payment"("merchant_id", "mode", "reference") WHERE "reference" IS NOT NULL;

-- While the payer is waited for, the provider's word may come at any time.
CREATE OR REPLACE FUNCTION interlock_payment_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('requires_payment_method', ARRAY['requires_confirmation', 'processing', 'canceled']),
    ('requires_confirmation', ARRAY['processing', 'canceled']),
    ('requires_action', ARRAY['processing', 'requires_capture', 'requires_review', 'succeeded', 'failed', 'canceled']),
    ('processing', ARRAY['requires_action', 'requires_capture', 'partially_captured', 'requires_review',
                         'succeeded', 'failed', 'canceled', 'expired']),
    ('requires_capture', ARRAY['processing', 'partially_captured', 'requires_review', 'succeeded', 'canceled', 'expired']),
    ('partially_captured', ARRAY['processing', 'requires_review', 'succeeded']),
    ('requires_review', ARRAY['processing', 'requires_capture', 'partially_captured', 'succeeded', 'failed',
                              'canceled', 'expired'])
  ) AS edges (f, t)
$$;

CREATE FUNCTION interlock_authentication_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('requested', ARRAY['challenge_required', 'frictionless', 'exempted', 'not_performed', 'failed', 'rejected',
                        'timed_out', 'completed_without_return']),
    ('challenge_required', ARRAY['returned', 'unknown', 'challenged', 'completed_without_return', 'frictionless',
                                 'failed', 'rejected', 'timed_out', 'abandoned']),
    ('returned', ARRAY['challenge_required', 'unknown', 'challenged', 'frictionless', 'failed', 'rejected',
                       'timed_out', 'abandoned']),
    ('unknown', ARRAY['challenged', 'completed_without_return', 'frictionless', 'failed', 'rejected', 'timed_out',
                      'abandoned'])
  ) AS edges (f, t)
$$;

CREATE FUNCTION interlock_guard_authentication() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.authentication IS NOT NULL AND NEW.authentication IS NULL THEN
    RAISE EXCEPTION 'attempt %: its authentication is not forgotten', OLD.id;
  END IF;
  IF NEW.authentication->>'status' <> OLD.authentication->>'status' AND NOT EXISTS (
    SELECT 1 FROM interlock_authentication_edges() e
    WHERE e.from_status = OLD.authentication->>'status' AND e.to_status = NEW.authentication->>'status') THEN
    RAISE EXCEPTION 'attempt %: authentication % may not become %', OLD.id, OLD.authentication->>'status',
      NEW.authentication->>'status';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER attempt_authentication_guard BEFORE UPDATE ON attempt
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_authentication();

-- One record for each authentication, whichever way it went: what auditors and the console read.
CREATE VIEW authentication AS
SELECT a.id AS attempt_id, a.payment_id, p.merchant_id, p.mode, a.provider,
  a.authentication->>'status' AS status,
  a.authentication->'asked'->>'request' AS requested,
  a.authentication->'asked'->>'exemption' AS exemption_requested,
  a.authentication->'reasons' AS reasons,
  a.authentication->'facts'->>'transStatus' AS trans_status,
  a.authentication->'facts'->>'transStatusReason' AS trans_status_reason,
  a.authentication->'facts'->>'challengeCancel' AS challenge_cancel,
  a.authentication->'facts'->>'eci' AS eci,
  a.authentication->'facts'->>'version' AS version,
  a.authentication->'facts'->>'dsTransactionId' AS ds_transaction_id,
  (a.authentication->'facts'->>'liabilityShift')::boolean AS liability_shift,
  a.authentication->'facts'->>'exemption' AS exemption,
  to_timestamp((a.authentication->>'challengedAtMs')::bigint / 1000.0) AS challenged_at,
  to_timestamp((a.authentication->>'returnedAtMs')::bigint / 1000.0) AS returned_at,
  to_timestamp((a.authentication->>'endedAtMs')::bigint / 1000.0) AS ended_at
FROM attempt a JOIN payment p ON p.id = a.payment_id WHERE a.authentication IS NOT NULL;

-- How a merchant wants its payers authenticated, and where their browsers may be sent back to.
ALTER TABLE "merchant" ADD COLUMN "return_origins" TEXT[] NOT NULL DEFAULT '{}';
ALTER TABLE "merchant" ADD COLUMN "authentication_rules" JSONB NOT NULL DEFAULT '{}';
ALTER TABLE "merchant" ADD COLUMN "duplicate_reference_guard" BOOLEAN NOT NULL DEFAULT false;

-- Browsers that came back with what isn't theirs: refused, and kept.
CREATE TABLE "return_refusal" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "payment_id" TEXT,
    "code" TEXT NOT NULL,
    "detail" TEXT NOT NULL,

    CONSTRAINT "return_refusal_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "return_refusal_payment_id_idx" ON "return_refusal"("payment_id");
CREATE TRIGGER return_refusal_immutable BEFORE UPDATE OR DELETE ON return_refusal
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

CREATE TABLE "customer" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "name" TEXT,
    "email" TEXT,
    "reference" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "customer_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "customer_merchant_id_mode_created_at_idx" ON "customer"("merchant_id", "mode", "created_at");

ALTER TABLE "payment_method" ADD COLUMN "customer_id" TEXT;
CREATE INDEX "payment_method_customer_id_idx" ON "payment_method"("customer_id");

-- The payer's consent to be charged without being there: made by a payment that they authenticated.
CREATE TABLE "mandate" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "customer_id" TEXT,
    "payment_method_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "usage" TEXT NOT NULL,
    "network_transaction_id" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "mandate_pkey" PRIMARY KEY ("id"),
    CONSTRAINT mandate_status CHECK ((status = 'active') = (revoked_at IS NULL)),
    CONSTRAINT mandate_usage CHECK ("usage" IN ('recurring', 'unscheduled'))
);
CREATE UNIQUE INDEX "mandate_payment_id_key" ON "mandate"("payment_id");
CREATE INDEX "mandate_payment_method_id_status_idx" ON "mandate"("payment_method_id", "status");

GRANT SELECT, INSERT, UPDATE ON customer, mandate TO interlock_app;
GRANT SELECT, INSERT ON return_refusal TO interlock_app;
GRANT SELECT ON authentication TO interlock_app;
GRANT USAGE ON SEQUENCE return_refusal_id_seq TO interlock_app;
