-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "merchant" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "merchant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "provider_account" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "base_url" TEXT NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "provider_account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "routing_policy" (
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "document" JSONB NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "routing_policy_pkey" PRIMARY KEY ("merchant_id","mode","version")
);

-- CreateTable
CREATE TABLE "circuit" (
    "account_id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'closed',
    "consecutive_failures" INTEGER NOT NULL DEFAULT 0,
    "opened_at" TIMESTAMPTZ(3),
    "probe_after" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "circuit_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "payment_method" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "brand" TEXT NOT NULL,
    "last4" TEXT NOT NULL,
    "bin" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "country" TEXT,
    "exp_month" INTEGER NOT NULL,
    "exp_year" INTEGER NOT NULL,
    "sealed_card" BYTEA NOT NULL,
    "sealed_cvc" BYTEA,
    "cvc_expires_at" TIMESTAMPTZ(3),
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "payment_method_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "request" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "body_digest" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "answer" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payment" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "capture_method" TEXT NOT NULL,
    "payment_method_id" TEXT,
    "amount_authorized_minor" BIGINT NOT NULL DEFAULT 0,
    "amount_captured_minor" BIGINT NOT NULL DEFAULT 0,
    "amount_refunded_minor" BIGINT NOT NULL DEFAULT 0,
    "reference" TEXT,
    "description" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "return_url" TEXT,
    "policy_version" INTEGER,
    "route" JSONB NOT NULL DEFAULT '[]',
    "failure" JSONB,
    "cancellation_reason" TEXT,
    "complete_by" TIMESTAMPTZ(3) NOT NULL,
    "authorization_expires_at" TIMESTAMPTZ(3),
    "audit_head" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "payment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "account_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "connector_version" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "provider_reference" TEXT,
    "authorized_minor" BIGINT NOT NULL DEFAULT 0,
    "captured_minor" BIGINT NOT NULL DEFAULT 0,
    "refunded_minor" BIGINT NOT NULL DEFAULT 0,
    "decline" JSONB,
    "watched" BOOLEAN NOT NULL DEFAULT false,
    "undoing" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "operation" (
    "id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "attempt_id" TEXT NOT NULL,
    "attempt_number" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "cause" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "final_capture" BOOLEAN NOT NULL DEFAULT true,
    "provider_key" TEXT NOT NULL,
    "provider_reference" TEXT,
    "generation" INTEGER NOT NULL,
    "send_by" TIMESTAMPTZ(3),
    "first_sent_at" TIMESTAMPTZ(3),
    "last_sent_at" TIMESTAMPTZ(3),
    "sends" INTEGER NOT NULL DEFAULT 0,
    "revoked_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),
    "key_expires_at" TIMESTAMPTZ(3),
    "sealed_parameters" BYTEA,
    "parameters_expire_at" TIMESTAMPTZ(3),
    "outcome" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "operation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "route_explanation" (
    "payment_id" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "route_explanation_pkey" PRIMARY KEY ("payment_id")
);

-- CreateTable
CREATE TABLE "observation" (
    "id" BIGSERIAL NOT NULL,
    "payment_id" TEXT NOT NULL,
    "operation_id" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "outcome" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "observation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payment_balance" (
    "payment_id" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "captured_minor" BIGINT NOT NULL DEFAULT 0,
    "refund_reserved_minor" BIGINT NOT NULL DEFAULT 0,
    "external_refunded_minor" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "payment_balance_pkey" PRIMARY KEY ("payment_id")
);

-- CreateTable
CREATE TABLE "refund_reservation" (
    "operation_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "refund_reservation_pkey" PRIMARY KEY ("operation_id")
);

-- CreateTable
CREATE TABLE "ledger_transaction" (
    "id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ledger_transaction_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ledger_posting" (
    "id" BIGSERIAL NOT NULL,
    "transaction_id" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,

    CONSTRAINT "ledger_posting_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit" (
    "payment_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "generation" INTEGER NOT NULL,
    "trigger" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "from_status" TEXT,
    "to_status" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "policy_version" INTEGER,
    "content" TEXT NOT NULL,
    "content_digest" TEXT NOT NULL,
    "previous_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("payment_id","sequence")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "inbox" (
    "id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "provider_event_id" TEXT NOT NULL,
    "event_type" TEXT NOT NULL,
    "reference" TEXT,
    "provider_reference" TEXT,
    "payment_id" TEXT,
    "evidence" JSONB,
    "summary" JSONB NOT NULL,
    "raw_body" BYTEA NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "acknowledged_at" TIMESTAMPTZ(3),
    "signals" INTEGER NOT NULL DEFAULT 0,
    "next_signal_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "inbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "exception" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "payment_id" TEXT,
    "merchant_id" TEXT,
    "summary" TEXT NOT NULL,
    "details" JSONB NOT NULL DEFAULT '{}',
    "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),
    "resolution" TEXT,

    CONSTRAINT "exception_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_key_digest_key" ON "api_key"("digest");

-- CreateIndex
CREATE INDEX "provider_account_merchant_id_mode_idx" ON "provider_account"("merchant_id", "mode");

-- CreateIndex
CREATE INDEX "payment_method_merchant_id_mode_created_at_idx" ON "payment_method"("merchant_id", "mode", "created_at");

-- CreateIndex
CREATE INDEX "request_subject_id_idx" ON "request"("subject_id");

-- CreateIndex
CREATE UNIQUE INDEX "request_merchant_id_mode_path_idempotency_key_key" ON "request"("merchant_id", "mode", "path", "idempotency_key");

-- CreateIndex
CREATE INDEX "payment_merchant_id_mode_created_at_id_idx" ON "payment"("merchant_id", "mode", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "payment_status_updated_at_idx" ON "payment"("status", "updated_at");

-- CreateIndex
CREATE INDEX "attempt_account_id_provider_reference_idx" ON "attempt"("account_id", "provider_reference");

-- CreateIndex
CREATE UNIQUE INDEX "attempt_payment_id_number_key" ON "attempt"("payment_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "operation_provider_key_key" ON "operation"("provider_key");

-- CreateIndex
CREATE INDEX "operation_closed_at_first_sent_at_idx" ON "operation"("closed_at", "first_sent_at");

-- CreateIndex
CREATE UNIQUE INDEX "operation_payment_id_attempt_number_kind_number_key" ON "operation"("payment_id", "attempt_number", "kind", "number");

-- CreateIndex
CREATE UNIQUE INDEX "operation_payment_id_attempt_number_kind_cause_key" ON "operation"("payment_id", "attempt_number", "kind", "cause");

-- CreateIndex
CREATE INDEX "observation_payment_id_idx" ON "observation"("payment_id");

-- CreateIndex
CREATE INDEX "refund_reservation_payment_id_idx" ON "refund_reservation"("payment_id");

-- CreateIndex
CREATE INDEX "ledger_transaction_payment_id_idx" ON "ledger_transaction"("payment_id");

-- CreateIndex
CREATE INDEX "ledger_posting_transaction_id_idx" ON "ledger_posting"("transaction_id");

-- CreateIndex
CREATE INDEX "ledger_posting_account_currency_idx" ON "ledger_posting"("account", "currency");

-- CreateIndex
CREATE INDEX "outbox_merchant_id_mode_created_at_idx" ON "outbox"("merchant_id", "mode", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_payment_id_sequence_type_key" ON "outbox"("payment_id", "sequence", "type");

-- CreateIndex
CREATE INDEX "inbox_acknowledged_at_next_signal_at_idx" ON "inbox"("acknowledged_at", "next_signal_at");

-- CreateIndex
CREATE INDEX "inbox_payment_id_idx" ON "inbox"("payment_id");

-- CreateIndex
CREATE UNIQUE INDEX "inbox_account_id_provider_event_id_key" ON "inbox"("account_id", "provider_event_id");

-- CreateIndex
CREATE UNIQUE INDEX "exception_kind_subject_id_key" ON "exception"("kind", "subject_id");

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_payment_id_fkey" FOREIGN KEY ("payment_id") REFERENCES "payment"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "operation" ADD CONSTRAINT "operation_attempt_id_fkey" FOREIGN KEY ("attempt_id") REFERENCES "attempt"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ledger_posting" ADD CONSTRAINT "ledger_posting_transaction_id_fkey" FOREIGN KEY ("transaction_id") REFERENCES "ledger_transaction"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
