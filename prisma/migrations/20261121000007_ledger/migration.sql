-- The ledger as it is read: whose a transaction is, when it was posted, and that nothing is added to it later.

ALTER TABLE "ledger_transaction" ADD COLUMN "mode" TEXT;
-- The database's own transaction that wrote it.
ALTER TABLE "ledger_transaction" ADD COLUMN "posted_in" BIGINT;

-- Only the schema's owner can lift the guard.
ALTER TABLE "ledger_transaction" DISABLE TRIGGER ledger_transaction_immutable;
UPDATE "ledger_transaction" SET "posted_in" = 0;
UPDATE "ledger_transaction" t SET "merchant_id" = p."merchant_id", "mode" = p."mode"
  FROM "payment" p WHERE p."id" = t."payment_id";
ALTER TABLE "ledger_transaction" ENABLE TRIGGER ledger_transaction_immutable;
ALTER TABLE "ledger_transaction" ALTER COLUMN "posted_in" SET DEFAULT pg_current_xact_id()::text::bigint;
ALTER TABLE "ledger_transaction" ALTER COLUMN "posted_in" SET NOT NULL;

-- Whose it is follows from what it belongs to, and when it was posted from the clock: neither is the writer's to say.
-- Who inserts holds its lock on the table before the time is read, which db/ledger/settled.ts relies on.
CREATE FUNCTION interlock_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.posted_in := pg_current_xact_id()::text::bigint;
  NEW.created_at := clock_timestamp();
  IF NEW.payment_id IS NOT NULL THEN
    SELECT p.merchant_id, p.mode INTO NEW.merchant_id, NEW.mode FROM payment p WHERE p.id = NEW.payment_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ledger_transaction_post BEFORE INSERT ON ledger_transaction
  FOR EACH ROW EXECUTE FUNCTION interlock_post();

-- A pair of postings that balances would pass the sum of a transaction that stands since last month.
CREATE OR REPLACE FUNCTION interlock_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_posting p WHERE p.transaction_id = NEW.transaction_id
             GROUP BY p.currency HAVING sum(p.amount_minor) <> 0) THEN
    RAISE EXCEPTION 'ledger transaction % does not balance', NEW.transaction_id;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM ledger_transaction t WHERE t.id = NEW.transaction_id
                 AND t.posted_in = pg_current_xact_id()::text::bigint) THEN
    RAISE EXCEPTION 'ledger transaction % was posted before, and takes no more postings', NEW.transaction_id;
  END IF;
  RETURN NULL;
END $$;

-- Rows' triggers don't see a table emptied whole.
CREATE TRIGGER ledger_transaction_kept BEFORE TRUNCATE ON ledger_transaction
  FOR EACH STATEMENT EXECUTE FUNCTION interlock_immutable();
CREATE TRIGGER ledger_posting_kept BEFORE TRUNCATE ON ledger_posting
  FOR EACH STATEMENT EXECUTE FUNCTION interlock_immutable();

-- One account's postings in their order, and one merchant's transactions of a period.
DROP INDEX "ledger_posting_account_currency_idx";
CREATE INDEX "ledger_posting_account_currency_id_idx" ON "ledger_posting"("account", "currency", "id");
CREATE INDEX "ledger_transaction_merchant_id_mode_created_at_id_idx"
  ON "ledger_transaction"("merchant_id", "mode", "created_at", "id");
