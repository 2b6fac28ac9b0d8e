-- What merchants asked about a payment in vain, or twice, and that changed nothing: repeats under one key, refusals. One row a
-- payment, path and code, counted, so that a merchant who asks for ever fills no table. The API writes it after it has
-- answered; payments don't wait for it, and a crash may lose the last moment's.
CREATE TABLE "request_note" (
    "id" BIGSERIAL NOT NULL,
    "payment_id" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "detail" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "times" INTEGER NOT NULL DEFAULT 1,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "request_note_pkey" PRIMARY KEY ("id"),
    CONSTRAINT request_note_counted CHECK (times >= 1 AND last_at >= first_at)
);
CREATE UNIQUE INDEX "request_note_payment_id_path_code_key" ON "request_note"("payment_id", "path", "code");
CREATE INDEX "request_note_request_id_idx" ON "request_note"("request_id");
GRANT SELECT, INSERT, UPDATE ON request_note TO interlock_app;
GRANT USAGE ON SEQUENCE request_note_id_seq TO interlock_app;

-- What people look payments up by. `text_pattern_ops` serves both a whole id and the beginning of one, in every collation.
CREATE INDEX "payment_created_at_id_idx" ON "payment"("created_at" DESC, "id" DESC);
CREATE INDEX "payment_reference_search_idx" ON "payment"("reference" text_pattern_ops) WHERE reference IS NOT NULL;
CREATE INDEX "payment_payment_method_id_idx" ON "payment"("payment_method_id") WHERE payment_method_id IS NOT NULL;
CREATE INDEX "payment_method_last4_idx" ON "payment_method"("last4", "created_at" DESC);
CREATE INDEX "attempt_provider_reference_search_idx" ON "attempt"("provider_reference" text_pattern_ops)
  WHERE provider_reference IS NOT NULL;
CREATE INDEX "operation_provider_reference_search_idx" ON "operation"("provider_reference" text_pattern_ops)
  WHERE provider_reference IS NOT NULL;
CREATE INDEX "external_refund_provider_reference_idx" ON "external_refund"("provider_reference");
CREATE INDEX "refund_reference_search_idx" ON "refund"("reference" text_pattern_ops) WHERE reference IS NOT NULL;
CREATE INDEX "customer_email_search_idx" ON "customer"(lower("email") text_pattern_ops) WHERE email IS NOT NULL;
CREATE INDEX "customer_name_search_idx" ON "customer"(lower("name") text_pattern_ops) WHERE name IS NOT NULL;
CREATE INDEX "customer_reference_search_idx" ON "customer"("reference" text_pattern_ops) WHERE reference IS NOT NULL;
CREATE INDEX "inbox_provider_event_id_idx" ON "inbox"("provider_event_id");
CREATE INDEX "payout_reference_idx" ON "payout"("reference");
CREATE INDEX "operator_refusal_path_idx" ON "operator_refusal"("path" text_pattern_ops) WHERE path IS NOT NULL;
CREATE INDEX "operator_refusal_request_id_idx" ON "operator_refusal"("request_id");
CREATE INDEX "resolution_payment_id_idx" ON "resolution"("payment_id");
-- The console hears of every merchant's events, in the order in which they are read.
CREATE INDEX "outbox_transaction_id_position_idx" ON "outbox"("transaction_id", "position");
