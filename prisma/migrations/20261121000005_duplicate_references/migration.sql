-- With the merchant's guard on, a payment claims its reference when it is planned, and holds it until it has come to
-- nothing. Of two at once one waits here for the other.
ALTER TABLE "payment" ADD COLUMN "reference_claim" TEXT;
CREATE UNIQUE INDEX "payment_reference_claim_key" ON "payment"("merchant_id", "mode", "reference_claim")
  WHERE "reference_claim" IS NOT NULL AND "status" NOT IN ('failed', 'canceled', 'expired');
