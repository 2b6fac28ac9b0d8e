-- What the tables themselves refuse, whoever asks. The domain's tables of states are the law; the edges
-- below repeat them so that a bug above cannot write a history that never happened. A test compares both.

CREATE FUNCTION interlock_payment_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('requires_payment_method', ARRAY['requires_confirmation', 'processing', 'canceled']),
    ('requires_confirmation', ARRAY['processing', 'canceled']),
    ('requires_action', ARRAY['processing', 'failed', 'canceled']),
    ('processing', ARRAY['requires_action', 'requires_capture', 'partially_captured', 'requires_review',
                         'succeeded', 'failed', 'canceled', 'expired']),
    ('requires_capture', ARRAY['processing', 'partially_captured', 'requires_review', 'succeeded', 'canceled', 'expired']),
    ('partially_captured', ARRAY['processing', 'requires_review', 'succeeded']),
    ('requires_review', ARRAY['processing', 'requires_capture', 'partially_captured', 'succeeded', 'failed',
                              'canceled', 'expired'])
  ) AS edges (f, t)
$$;

CREATE FUNCTION interlock_attempt_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('created', ARRAY['pending', 'requires_action', 'unknown', 'authorized', 'captured', 'declined', 'errored', 'voided']),
    ('pending', ARRAY['requires_action', 'unknown', 'authorized', 'captured', 'declined', 'errored', 'voided']),
    ('requires_action', ARRAY['pending', 'unknown', 'authorized', 'captured', 'declined', 'errored', 'voided']),
    ('unknown', ARRAY['pending', 'requires_action', 'authorized', 'captured', 'declined', 'errored', 'voided']),
    ('authorized', ARRAY['captured', 'voided', 'expired']),
    ('captured', ARRAY['refunded']),
    ('declined', ARRAY['authorized', 'captured']),
    ('errored', ARRAY['authorized', 'captured']),
    ('voided', ARRAY['authorized', 'captured']),
    ('expired', ARRAY['captured'])
  ) AS edges (f, t)
$$;

CREATE FUNCTION interlock_operation_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('created', ARRAY['pending', 'unknown', 'succeeded', 'declined', 'rejected', 'not_attempted']),
    ('pending', ARRAY['unknown', 'succeeded', 'declined', 'rejected']),
    ('unknown', ARRAY['pending', 'succeeded', 'declined', 'rejected', 'not_attempted'])
  ) AS edges (f, t)
$$;

-- A payment moves along listed edges only, one sequence number at a time, and never back a generation.
CREATE FUNCTION interlock_guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
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
  IF (NEW.amount_minor, NEW.currency, NEW.merchant_id, NEW.mode, NEW.complete_by)
     IS DISTINCT FROM (OLD.amount_minor, OLD.currency, OLD.merchant_id, OLD.mode, OLD.complete_by)
     AND OLD.status NOT IN ('requires_payment_method', 'requires_confirmation') THEN
    RAISE EXCEPTION 'payment %: what was confirmed does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payment_guard BEFORE UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION interlock_guard_payment();

CREATE FUNCTION interlock_guard_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> OLD.status AND NOT EXISTS (
    SELECT 1 FROM interlock_attempt_edges() e WHERE e.from_status = OLD.status AND e.to_status = NEW.status) THEN
    RAISE EXCEPTION 'attempt %: % may not become %', OLD.id, OLD.status, NEW.status;
  END IF;
  IF (NEW.payment_id, NEW.number, NEW.account_id) IS DISTINCT FROM (OLD.payment_id, OLD.number, OLD.account_id) THEN
    RAISE EXCEPTION 'attempt %: its identity does not change', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER attempt_guard BEFORE UPDATE ON attempt FOR EACH ROW EXECUTE FUNCTION interlock_guard_attempt();

-- The permit's row: set once, never moved, never taken back.
CREATE FUNCTION interlock_guard_operation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> OLD.status AND NOT EXISTS (
    SELECT 1 FROM interlock_operation_edges() e WHERE e.from_status = OLD.status AND e.to_status = NEW.status) THEN
    RAISE EXCEPTION 'operation %: % may not become %', OLD.id, OLD.status, NEW.status;
  END IF;
  IF (NEW.payment_id, NEW.attempt_id, NEW.kind, NEW.number, NEW.cause, NEW.amount_minor, NEW.currency,
      NEW.provider_key, NEW.send_by)
     IS DISTINCT FROM (OLD.payment_id, OLD.attempt_id, OLD.kind, OLD.number, OLD.cause, OLD.amount_minor,
      OLD.currency, OLD.provider_key, OLD.send_by) THEN
    RAISE EXCEPTION 'operation %: what is to be sent does not change', OLD.id;
  END IF;
  IF OLD.first_sent_at IS NOT NULL AND (NEW.first_sent_at IS DISTINCT FROM OLD.first_sent_at
     OR NEW.revoked_at IS NOT NULL OR NEW.last_sent_at < OLD.last_sent_at OR NEW.sends < OLD.sends) THEN
    RAISE EXCEPTION 'operation %: what was sent stays sent', OLD.id;
  END IF;
  IF OLD.revoked_at IS NOT NULL AND (NEW.revoked_at IS NULL OR NEW.first_sent_at IS NOT NULL) THEN
    RAISE EXCEPTION 'operation %: a revoked permit stays revoked', OLD.id;
  END IF;
  IF OLD.closed_at IS NOT NULL AND (NEW.closed_at IS DISTINCT FROM OLD.closed_at OR NEW.sends <> OLD.sends) THEN
    RAISE EXCEPTION 'operation %: a closed operation is never sent again', OLD.id;
  END IF;
  IF NEW.generation < OLD.generation THEN
    RAISE EXCEPTION 'operation %: generation may not go back', OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER operation_guard BEFORE UPDATE ON operation FOR EACH ROW EXECUTE FUNCTION interlock_guard_operation();

-- Proofs are written once. The trigger holds for the owner too; the grants below hold for the application.
CREATE FUNCTION interlock_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_immutable BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION interlock_immutable();
CREATE TRIGGER observation_immutable BEFORE UPDATE OR DELETE ON observation
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();
CREATE TRIGGER ledger_transaction_immutable BEFORE UPDATE OR DELETE ON ledger_transaction
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();
CREATE TRIGGER ledger_posting_immutable BEFORE UPDATE OR DELETE ON ledger_posting
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();
CREATE TRIGGER outbox_immutable BEFORE UPDATE OR DELETE ON outbox
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();
CREATE TRIGGER route_explanation_immutable BEFORE UPDATE OR DELETE ON route_explanation
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

-- Double entry: judged when the transaction commits, over all of its postings, currency by currency.
CREATE FUNCTION interlock_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_posting p WHERE p.transaction_id = NEW.transaction_id
             GROUP BY p.currency HAVING sum(p.amount_minor) <> 0) THEN
    RAISE EXCEPTION 'ledger transaction % does not balance', NEW.transaction_id;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_posting_balanced AFTER INSERT ON ledger_posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION interlock_balanced();

ALTER TABLE payment
  ADD CONSTRAINT payment_amounts CHECK (amount_minor > 0 AND amount_captured_minor BETWEEN 0 AND amount_authorized_minor
    AND amount_authorized_minor <= amount_minor AND amount_refunded_minor BETWEEN 0 AND amount_captured_minor),
  ADD CONSTRAINT payment_sequence CHECK (sequence >= 1 AND generation >= 1);
ALTER TABLE operation
  ADD CONSTRAINT operation_amount CHECK (amount_minor >= 0),
  ADD CONSTRAINT operation_sent_whole CHECK ((first_sent_at IS NULL) = (sends = 0)),
  ADD CONSTRAINT operation_sent_or_revoked CHECK (first_sent_at IS NULL OR revoked_at IS NULL);
ALTER TABLE ledger_posting ADD CONSTRAINT ledger_posting_amount CHECK (amount_minor <> 0);

-- The bound on what WE refund. What others refunded is recorded whatever it is, and an excess opens an exception.
ALTER TABLE payment_balance
  ADD CONSTRAINT payment_balance_bound CHECK (captured_minor >= 0 AND external_refunded_minor >= 0
    AND refund_reserved_minor BETWEEN 0 AND captured_minor);

-- The application's role. Interlock connects as the owner and takes this role for every session
-- (`-c role=interlock_app`), so even its own bugs cannot rewrite a proof.
DO $$ BEGIN
  CREATE ROLE interlock_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
  EXECUTE format('GRANT interlock_app TO %I', current_user);
EXCEPTION WHEN OTHERS THEN
  IF SQLERRM NOT LIKE '%tuple concurrently updated%' THEN RAISE; END IF;
END $$;
GRANT USAGE ON SCHEMA public TO interlock_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO interlock_app;
REVOKE UPDATE ON audit, observation, ledger_transaction, ledger_posting, outbox, route_explanation FROM interlock_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO interlock_app;
