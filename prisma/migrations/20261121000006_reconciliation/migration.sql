-- What providers and banks say that they settled, beside what we booked.

-- The money that a line moves belongs to a day of an account, not to a payment.
ALTER TABLE "ledger_transaction" ALTER COLUMN "payment_id" DROP NOT NULL;
ALTER TABLE "ledger_transaction" ADD COLUMN "merchant_id" TEXT;
ALTER TABLE "ledger_transaction" ADD COLUMN "description" TEXT;
CREATE INDEX "ledger_transaction_created_at_id_idx" ON "ledger_transaction"("created_at", "id");

-- A file as it came. Its content is the proof, so the same bytes of an account are one file for ever.
CREATE TABLE "settlement_file" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "business_date" DATE NOT NULL,
    "format" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    -- Its chunks: written before its hash is known, from which its id is made.
    "content_id" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'received',
    "refusal" JSONB,
    "row_count" INTEGER,
    "totals" JSONB,
    "trailers" JSONB,
    "warnings" JSONB NOT NULL DEFAULT '[]',
    -- The same bytes, come again under another name or for another day: told, and left where they are.
    "duplicates" JSONB NOT NULL DEFAULT '[]',
    -- The latest capture or refund in it: what was booked before and is not in it has been passed over.
    "settled_until" TIMESTAMPTZ(3),
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "posted_at" TIMESTAMPTZ(3),

    CONSTRAINT "settlement_file_pkey" PRIMARY KEY ("id"),
    CONSTRAINT settlement_file_status CHECK (status IN ('received', 'staged', 'refused', 'classified', 'posted')
      AND (status = 'refused') = (refusal IS NOT NULL) AND source IN ('fetched', 'uploaded'))
);
CREATE UNIQUE INDEX "settlement_file_account_id_sha256_key" ON "settlement_file"("account_id", "sha256");
CREATE INDEX "settlement_file_account_id_business_date_idx" ON "settlement_file"("account_id", "business_date");

-- Of a megabyte each, so that neither side holds a whole file.
CREATE TABLE "settlement_file_chunk" (
    "content_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "content" BYTEA NOT NULL,
    CONSTRAINT "settlement_file_chunk_pkey" PRIMARY KEY ("content_id", "number")
);
-- To try and compress a file costs more than its bytes do.
ALTER TABLE "settlement_file_chunk" ALTER COLUMN "content" SET STORAGE EXTERNAL;

-- One line of a file, normalised (domain/reconciliation/row.ts). It is written once, matched already: a million lines
-- are not updated. `raw` has every column as it stood, of lines that are not clean; of the others the file has it.
CREATE TABLE "settlement_row" (
    "file_id" TEXT NOT NULL,
    "line" INTEGER NOT NULL,
    "account_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "provider_type" TEXT NOT NULL,
    "provider_reference" TEXT,
    "alternative_reference" TEXT,
    "operation_reference" TEXT,
    "merchant_reference" TEXT,
    "currency" TEXT NOT NULL,
    "gross_minor" BIGINT NOT NULL,
    "settlement_currency" TEXT NOT NULL,
    "fee_minor" BIGINT NOT NULL,
    "net_minor" BIGINT NOT NULL,
    "fee_processing_minor" BIGINT,
    "fee_scheme_minor" BIGINT,
    "fee_interchange_minor" BIGINT,
    "fee_markup_minor" BIGINT,
    "fee_dispute_minor" BIGINT,
    "fee_tax_minor" BIGINT,
    "fee_other_minor" BIGINT,
    "exchange_rate" NUMERIC,
    "presented_currency" TEXT,
    "presented_minor" BIGINT,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "available_on" TIMESTAMPTZ(3),
    "payout_reference" TEXT,
    "batch" TEXT,
    "merchant_account" TEXT,
    "description" TEXT,
    "raw" JSONB,
    -- The booking that it settles, or that it is about; and by which reference it was found, where it is not clean.
    "booking_id" TEXT,
    "booking_number" BIGINT,
    "matched_by" TEXT,
    -- `clean`, or the mismatch type that it was classified as; null until then.
    "verdict" TEXT,
    -- Of a line that is not clean: what was done by itself, and what of its money is explained (classify.ts, Parts).
    "action" TEXT,
    "settles_currency" TEXT,
    "settles_minor" BIGINT,
    "unexplained_minor" BIGINT,

    CONSTRAINT "settlement_row_pkey" PRIMARY KEY ("file_id", "line")
);
-- By number, because lines come about in the order of their bookings: an index of names would be written all over.
CREATE INDEX "settlement_row_booking_number_idx" ON "settlement_row"("booking_number") WHERE booking_number IS NOT NULL;
CREATE INDEX "settlement_row_unclassified_idx" ON "settlement_row"("file_id", "line") WHERE verdict IS NULL;
CREATE INDEX "settlement_row_break_idx" ON "settlement_row"("account_id", "type") WHERE verdict <> 'clean';
-- Lines without a booking are few; what came before them is found by the provider's names.
CREATE INDEX "settlement_row_stray_provider_idx" ON "settlement_row"("provider_reference")
  WHERE booking_id IS NULL AND provider_reference IS NOT NULL;
CREATE INDEX "settlement_row_stray_operation_idx" ON "settlement_row"("operation_reference")
  WHERE booking_id IS NULL AND operation_reference IS NOT NULL;

-- What lines of one file, type, verdict, action and currencies come to, and the ledger transaction that they share.
CREATE TABLE "settlement_group" (
    "file_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "verdict" TEXT NOT NULL,
    -- Empty: none.
    "action" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "settlement_currency" TEXT NOT NULL,
    "settles_currency" TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    "gross_minor" BIGINT NOT NULL,
    "fee_minor" BIGINT NOT NULL,
    "net_minor" BIGINT NOT NULL,
    "settles_minor" BIGINT NOT NULL,
    "unexplained_minor" BIGINT NOT NULL,
    "fees" JSONB NOT NULL,
    -- Null where nothing is to be posted.
    "ledger_transaction_id" TEXT,
    CONSTRAINT "settlement_group_pkey" PRIMARY KEY ("file_id", "type", "verdict", "action", "currency", "settlement_currency", "settles_currency")
);
CREATE INDEX "settlement_group_ledger_transaction_id_idx" ON "settlement_group"("ledger_transaction_id");

-- What we expect to be settled: one row a capture or refund, kept by reconciliation alone from what is recorded. It is
-- settled where a line of its kind has its number.
CREATE TABLE "booking" (
    "id" TEXT NOT NULL,
    "number" BIGINT GENERATED ALWAYS AS IDENTITY,
    "account_id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "attempt_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    -- `expected`: its money moved; `void`, `declined`: it should not have; `unknown`: nobody knows; `replaced`: its
    -- captures stand for the authorization, which is no booking any more.
    "status" TEXT NOT NULL,
    "provider_reference" TEXT,
    -- Where the provider names the effect apart from its payment.
    "operation_reference" TEXT,
    "merchant_reference" TEXT,
    "currency" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "booked_at" TIMESTAMPTZ(3) NOT NULL,
    "presentable_until" TIMESTAMPTZ(3),
    "agreed_rate" NUMERIC,
    "dcc" BOOLEAN NOT NULL DEFAULT false,
    "reversed" BOOLEAN NOT NULL DEFAULT false,
    -- The business day whose files passed it over.
    "missing_since" DATE,

    CONSTRAINT "booking_pkey" PRIMARY KEY ("id"),
    CONSTRAINT booking_kind CHECK (kind IN ('capture', 'refund')),
    CONSTRAINT booking_status CHECK (status IN ('expected', 'void', 'declined', 'unknown', 'replaced'))
);
CREATE UNIQUE INDEX "booking_number_key" ON "booking"("number");
CREATE INDEX "booking_provider_reference_idx" ON "booking"("provider_reference");
CREATE INDEX "booking_operation_reference_idx" ON "booking"("operation_reference") WHERE operation_reference IS NOT NULL;
CREATE INDEX "booking_payment_id_idx" ON "booking"("payment_id");
CREATE INDEX "booking_account_id_booked_at_idx" ON "booking"("account_id", "booked_at");
CREATE INDEX "booking_missing_idx" ON "booking"("account_id") WHERE missing_since IS NOT NULL;

-- One day of one account.
CREATE TABLE "reconciliation_run" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "business_date" DATE NOT NULL,
    "status" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    -- What was recorded until then is among the bookings, and of what was booked until then each is settled, or known
    -- to be missing.
    "bookings_until" TIMESTAMPTZ(3),
    "missing_until" TIMESTAMPTZ(3),
    "report" JSONB,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    CONSTRAINT "reconciliation_run_pkey" PRIMARY KEY ("id"),
    CONSTRAINT reconciliation_run_status CHECK (status IN ('running', 'closed', 'blocked'))
);
CREATE UNIQUE INDEX "reconciliation_run_account_id_business_date_key" ON "reconciliation_run"("account_id", "business_date");

-- What a provider says it paid out, and whether the bank has seen it.
CREATE TABLE "payout" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "reference" TEXT NOT NULL,
    "batch" TEXT,
    "currency" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "file_id" TEXT NOT NULL,
    "announced_at" TIMESTAMPTZ(3) NOT NULL,
    -- What the bank's lines that are linked to it come to, and when that was all of it.
    "credited_minor" BIGINT NOT NULL DEFAULT 0,
    "credited_at" TIMESTAMPTZ(3),
    "verdict" TEXT,
    "action" TEXT,
    CONSTRAINT "payout_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "payout_account_id_reference_currency_key" ON "payout"("account_id", "reference", "currency");

CREATE TABLE "bank_statement_line" (
    "id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "bank_account" TEXT NOT NULL,
    "statement" TEXT NOT NULL,
    "line" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "amount_minor" BIGINT NOT NULL,
    "booked_on" DATE NOT NULL,
    "text" TEXT NOT NULL,
    "reference" TEXT,
    "end_to_end" TEXT,
    "reversal" BOOLEAN NOT NULL DEFAULT false,
    "payout_id" TEXT,
    "verdict" TEXT,
    "ledger_transaction_id" TEXT,
    CONSTRAINT "bank_statement_line_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "bank_statement_line_bank_account_statement_line_key" ON "bank_statement_line"("bank_account", "statement", "line");
CREATE INDEX "bank_statement_line_payout_id_idx" ON "bank_statement_line"("payout_id");
CREATE INDEX "bank_statement_line_open_idx" ON "bank_statement_line"("merchant_id") WHERE payout_id IS NULL;

-- An exception is a case: somebody's, with a clock. `details` has both sides' rows.
ALTER TABLE "exception"
    ADD COLUMN "account_id" TEXT,
    ADD COLUMN "run_id" TEXT,
    ADD COLUMN "file_id" TEXT,
    ADD COLUMN "line" INTEGER,
    ADD COLUMN "currency" TEXT,
    ADD COLUMN "amount_minor" BIGINT,
    ADD COLUMN "owner" TEXT,
    ADD COLUMN "due_at" TIMESTAMPTZ(3),
    ADD COLUMN "escalations" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "disposition" JSONB,
    ADD COLUMN "opened_count" INTEGER NOT NULL DEFAULT 1,
    ADD COLUMN "auto_resolved" BOOLEAN NOT NULL DEFAULT false,
    -- Whether a workflow looks after it; the sweeper starts what has none.
    ADD COLUMN "case_started_at" TIMESTAMPTZ(3);
CREATE INDEX "exception_open_idx" ON "exception"("kind", "opened_at") WHERE closed_at IS NULL;
CREATE INDEX "exception_account_id_opened_at_idx" ON "exception"("account_id", "opened_at");
CREATE INDEX "exception_unstarted_idx" ON "exception"("id") WHERE closed_at IS NULL AND case_started_at IS NULL;
CREATE INDEX "exception_held_idx" ON "exception"("id") WHERE case_started_at IS NOT NULL;
CREATE INDEX "exception_file_id_idx" ON "exception"("file_id");

-- How much one operator may decide alone, by currency; empty: the platform's limits.
ALTER TABLE "merchant" ADD COLUMN "case_limits" JSONB NOT NULL DEFAULT '{}';

-- Every word said about a case: who, when, what, why. Append-only.
CREATE TABLE "exception_entry" (
    "id" BIGINT GENERATED ALWAYS AS IDENTITY,
    "exception_id" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "reason" TEXT,
    "content" JSONB NOT NULL DEFAULT '{}',
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "exception_entry_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "exception_entry_exception_id_id_idx" ON "exception_entry"("exception_id", "id");
CREATE TRIGGER exception_entry_immutable BEFORE UPDATE OR DELETE ON exception_entry
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();
CREATE TRIGGER settlement_file_chunk_immutable BEFORE UPDATE OR DELETE ON settlement_file_chunk
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

-- What banks and schemes took back: a fact from outside, beside refunds that others made.
ALTER TABLE "payment_balance" ADD COLUMN "charged_back_minor" BIGINT NOT NULL DEFAULT 0;

GRANT SELECT, INSERT, UPDATE ON "settlement_file", "settlement_row", "settlement_group", "booking", "reconciliation_run", "payout",
  "bank_statement_line" TO interlock_app;
GRANT SELECT, INSERT ON "settlement_file_chunk", "exception_entry" TO interlock_app;
-- Lines of a file that is staged anew before anything of it was posted.
GRANT DELETE ON "settlement_row" TO interlock_app;
-- A million new lines change what the planner should think; who may not say so (before Postgres 17) is only warned.
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 170000 THEN
    EXECUTE 'GRANT MAINTAIN ON "settlement_row", "booking" TO interlock_app';
  END IF;
END $$;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO interlock_app;

-- Letters about refunds are found by the provider's name for the refund; without it each webhook reads every operation.
CREATE INDEX "operation_refund_reference_idx" ON "operation"("provider_reference")
  WHERE kind = 'refund' AND provider_reference IS NOT NULL;
