-- Providers' secrets that were given through the console: sealed by the vault with the account's id (docs/decisions/0019).
-- What may be known of them (names, fingerprints, who set them and when) stands beside them in "facts".
CREATE TABLE "provider_secret" (
    "account_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "sealed" BYTEA NOT NULL,
    "facts" JSONB NOT NULL,
    "changed_in" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint,

    CONSTRAINT "provider_secret_pkey" PRIMARY KEY ("account_id"),
    CONSTRAINT "provider_secret_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "provider_account"("id") ON DELETE RESTRICT ON UPDATE NO ACTION
);
-- Every process looks for what is newer than its last look.
CREATE INDEX "provider_secret_changed_in_idx" ON "provider_secret"("changed_in");

CREATE FUNCTION interlock_guard_provider_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Sealed anew under another key of the vault it is the same version, and nobody has set anything.
  IF NEW.account_id <> OLD.account_id
     OR (NEW.version <> OLD.version + 1
         AND (NEW.version, NEW.facts) IS DISTINCT FROM (OLD.version, OLD.facts)) THEN
    RAISE EXCEPTION 'provider_secret %: a version follows the one before', OLD.account_id;
  END IF;
  NEW.changed_in := ((pg_current_xact_id())::text)::bigint;
  RETURN NEW;
END $$;
CREATE TRIGGER provider_secret_guard BEFORE UPDATE ON provider_secret
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_provider_secret();
GRANT SELECT, INSERT, UPDATE ON "provider_secret" TO interlock_app;

-- What people know a key by; keys from before have none.
ALTER TABLE "api_key" ADD COLUMN "last4" TEXT;
-- Who made it through the console: no second person beside that one, where two are wanted.
ALTER TABLE "api_key" ADD COLUMN "created_by" TEXT;
CREATE INDEX "api_key_merchant_id_created_at_idx" ON "api_key"("merchant_id", "created_at");
CREATE INDEX "merchant_created_at_id_idx" ON "merchant"("created_at", "id");
CREATE INDEX "webhook_endpoint_created_at_id_idx" ON "webhook_endpoint"("created_at", "id");

-- A provider never changes under an account: payments under way would ask one provider about another's charges.
CREATE FUNCTION interlock_guard_provider_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.merchant_id, NEW.mode, NEW.provider) IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.mode, OLD.provider) THEN
    RAISE EXCEPTION 'provider_account %: whose it is, where and in which mode does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER provider_account_guard BEFORE UPDATE ON provider_account
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_provider_account();

-- The audit log of people is read by time: of what payments' chains hold, people did few steps.
CREATE INDEX "audit_operators_at_idx" ON "audit"("at", "owner_id", "sequence") WHERE actor LIKE 'operator:%';
CREATE INDEX "operator_refusal_at_id_idx" ON "operator_refusal"("at", "id");
CREATE INDEX "routing_policy_event_at_id_idx" ON "routing_policy_event"("at", "id");
CREATE INDEX "exception_entry_operators_at_idx" ON "exception_entry"("at", "id") WHERE actor LIKE 'operator:%';

-- A verification of the chains, step by step; whoever takes it up goes on at the cursor.
CREATE TABLE "audit_verification" (
    "id" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'running',
    "total" BIGINT NOT NULL,
    "checked" BIGINT NOT NULL DEFAULT 0,
    "rows" BIGINT NOT NULL DEFAULT 0,
    "problem_count" BIGINT NOT NULL DEFAULT 0,
    "problems" JSONB NOT NULL DEFAULT '[]',
    "cursor" JSONB,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "touched_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "audit_verification_pkey" PRIMARY KEY ("id"),
    CONSTRAINT audit_verification_status CHECK (status IN ('running', 'ended', 'failed'))
);
CREATE INDEX "audit_verification_started_at_idx" ON "audit_verification"("started_at");
GRANT SELECT, INSERT, UPDATE ON "audit_verification" TO interlock_app;
