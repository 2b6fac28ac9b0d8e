-- What follows a decline: the policy's plan, a later try, the card's budget with its network; and what a person looks at
-- before anything is sent.

ALTER TABLE "payment" ADD COLUMN "retry_plan" JSONB;
-- While a merchant-initiated payment waits for its next try.
ALTER TABLE "payment" ADD COLUMN "next_retry_at" TIMESTAMPTZ(3);
-- `credit`, `debit` or `prepaid`, where it is known.
ALTER TABLE "payment_method" ADD COLUMN "funding" TEXT;

-- A review may come before the payment is confirmed to any provider.
CREATE OR REPLACE FUNCTION interlock_payment_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('requires_payment_method', ARRAY['requires_confirmation', 'processing', 'requires_review', 'canceled']),
    ('requires_confirmation', ARRAY['processing', 'requires_review', 'canceled']),
    ('requires_action', ARRAY['processing', 'requires_capture', 'requires_review', 'succeeded', 'failed', 'canceled']),
    ('processing', ARRAY['requires_action', 'requires_capture', 'partially_captured', 'requires_review',
                         'succeeded', 'failed', 'canceled', 'expired']),
    ('requires_capture', ARRAY['processing', 'partially_captured', 'requires_review', 'succeeded', 'canceled', 'expired']),
    ('partially_captured', ARRAY['processing', 'requires_review', 'succeeded']),
    ('requires_review', ARRAY['processing', 'requires_capture', 'partially_captured', 'succeeded', 'failed',
                              'canceled', 'expired'])
  ) AS edges (f, t)
$$;

-- A review takes as long as it takes: what it lets go has its time anew, since nothing was sent before.
CREATE OR REPLACE FUNCTION interlock_guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.generation < OLD.generation THEN
    RAISE EXCEPTION 'payment %: generation may not go back from % to %', OLD.id, OLD.generation, NEW.generation;
  END IF;
  IF NEW.sequence NOT IN (OLD.sequence, OLD.sequence + 1) THEN
    RAISE EXCEPTION 'payment %: sequence % does not follow %', OLD.id, NEW.sequence, OLD.sequence;
  END IF;
  IF NEW.status <> OLD.status THEN
    IF NEW.sequence = OLD.sequence THEN
      RAISE EXCEPTION 'payment %: status changed without a new sequence', OLD.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM interlock_payment_edges() e
                   WHERE e.from_status = OLD.status AND e.to_status = NEW.status) THEN
      RAISE EXCEPTION 'payment %: % may not become %', OLD.id, OLD.status, NEW.status;
    END IF;
  END IF;
  IF (NEW.amount_minor, NEW.currency, NEW.merchant_id, NEW.mode)
     IS DISTINCT FROM (OLD.amount_minor, OLD.currency, OLD.merchant_id, OLD.mode)
     AND OLD.status NOT IN ('requires_payment_method', 'requires_confirmation') THEN
    RAISE EXCEPTION 'payment %: what was confirmed does not change', OLD.id;
  END IF;
  IF NEW.complete_by <> OLD.complete_by AND OLD.status NOT IN ('requires_payment_method', 'requires_confirmation')
     AND NOT (OLD.status = 'requires_review' AND NEW.complete_by > OLD.complete_by
       AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.payment_id = OLD.id)) THEN
    RAISE EXCEPTION 'payment %: what was confirmed does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;

-- Every declined try of a card, at whichever provider, once: what the networks count. Written in the transaction that
-- records the decline; the fingerprint is the merchant's own.
CREATE TABLE "card_decline" (
    "attempt_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    -- No network hears of test mode: its declines count for test mode alone.
    "mode" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "merchant_initiated" BOOLEAN NOT NULL,
    "network_code" TEXT,
    "advice_code" TEXT,
    "declined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "card_decline_pkey" PRIMARY KEY ("attempt_id")
);
CREATE INDEX "card_decline_fingerprint_mode_declined_at_idx" ON "card_decline"("fingerprint", "mode", "declined_at");
CREATE TRIGGER card_decline_immutable BEFORE UPDATE OR DELETE ON card_decline
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

-- A payment is explained by route_explanation; each later route of it, by the attempt that began with that.
CREATE TABLE "retry_explanation" (
    "attempt_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "retry_explanation_pkey" PRIMARY KEY ("attempt_id")
);
CREATE INDEX "retry_explanation_payment_id_idx" ON "retry_explanation"("payment_id");
CREATE TRIGGER retry_explanation_immutable BEFORE UPDATE OR DELETE ON retry_explanation
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

-- A customer's history is read whenever a payment of theirs is routed.
CREATE INDEX "payment_customer_id_status_idx" ON "payment"("customer_id", "status") WHERE "customer_id" IS NOT NULL;

GRANT SELECT, INSERT ON card_decline, retry_explanation TO interlock_app;
