-- People sign in: an operator has a role, and may have an e-mail and a password beside a key, or instead of one. One table for
-- both, so that four eyes are two people however each of them came in.
ALTER TABLE "operator"
  ALTER COLUMN "digest" DROP NOT NULL,
  ADD COLUMN "email" TEXT,
  ADD COLUMN "role" TEXT NOT NULL DEFAULT 'operator',
  ADD COLUMN "password_hash" TEXT,
  ADD COLUMN "password_expired" BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN "password_expires_at" TIMESTAMPTZ(3),
  ADD COLUMN "sealed_totp" BYTEA,
  ADD COLUMN "totp_confirmed_at" TIMESTAMPTZ(3),
  ADD COLUMN "totp_last_step" BIGINT,
  ADD COLUMN "disabled_at" TIMESTAMPTZ(3);
CREATE UNIQUE INDEX "operator_email_key" ON "operator"("email");
ALTER TABLE "operator"
  ADD CONSTRAINT operator_role CHECK (role IN ('read_only', 'analyst', 'operator', 'admin')),
  ADD CONSTRAINT operator_email CHECK (email = lower(email)),
  ADD CONSTRAINT operator_totp CHECK (totp_confirmed_at IS NULL OR sealed_totp IS NOT NULL);

-- A code counts once: the step that was last accepted only goes up while its secret stays.
CREATE FUNCTION interlock_guard_operator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id THEN
    RAISE EXCEPTION 'operator %: who it is does not change', OLD.id;
  END IF;
  IF NEW.sealed_totp IS NOT DISTINCT FROM OLD.sealed_totp
     AND COALESCE(NEW.totp_last_step, 0) < COALESCE(OLD.totp_last_step, 0) THEN
    RAISE EXCEPTION 'operator %: a used code does not become unused', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER operator_guard BEFORE UPDATE ON operator FOR EACH ROW EXECUTE FUNCTION interlock_guard_operator();

-- Tries to sign in, by a keyed digest of the e-mail that was named: of addresses that nobody has as well, so that a locked
-- account looks like no account.
CREATE TABLE "sign_in_try" (
    "email_digest" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "failing_since" TIMESTAMPTZ(3) NOT NULL,
    "locked_until" TIMESTAMPTZ(3),

    CONSTRAINT "sign_in_try_pkey" PRIMARY KEY ("email_digest")
);
CREATE INDEX "sign_in_try_failing_since_idx" ON "sign_in_try"("failing_since");

-- Who is signed in. Of the cookie only a keyed digest is here.
CREATE TABLE "console_session" (
    "digest" TEXT NOT NULL,
    "operator_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_because" TEXT,

    CONSTRAINT "console_session_pkey" PRIMARY KEY ("digest")
);
CREATE INDEX "console_session_operator_id_idx" ON "console_session"("operator_id");

-- What was revoked stays so, and nobody's session becomes another's or lasts longer.
CREATE FUNCTION interlock_guard_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.digest, NEW.operator_id, NEW.created_at, NEW.expires_at)
       IS DISTINCT FROM (OLD.digest, OLD.operator_id, OLD.created_at, OLD.expires_at)
     OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
    RAISE EXCEPTION 'a session is seen and revoked, and changes in nothing else';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER console_session_guard BEFORE UPDATE ON console_session
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_session();

-- What administrators did, in one hash chain: hash = sha256(previous hash ":" sequence ":" digest of the content), and the
-- first previous hash is the name of this table.
CREATE TABLE "admin_audit" (
    "sequence" INTEGER NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "reason" TEXT,
    "content" TEXT NOT NULL,
    "content_digest" TEXT NOT NULL,
    "previous_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "admin_audit_pkey" PRIMARY KEY ("sequence")
);
CREATE INDEX "admin_audit_subject_idx" ON "admin_audit"("subject", "sequence");
CREATE INDEX "admin_audit_actor_idx" ON "admin_audit"("actor", "sequence");
CREATE INDEX "admin_audit_at_idx" ON "admin_audit"("at");
CREATE TRIGGER admin_audit_immutable BEFORE UPDATE OR DELETE ON admin_audit
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

GRANT SELECT, INSERT, UPDATE, DELETE ON console_session, sign_in_try TO interlock_app;
GRANT SELECT, INSERT ON admin_audit TO interlock_app;
