-- Routing policies with a life, what they were compared by, and what was learnt of each provider account.

ALTER TABLE "merchant" ADD COLUMN "category" TEXT;
ALTER TABLE "merchant" ADD COLUMN "country" TEXT;
ALTER TABLE "merchant" ADD COLUMN "routing_approval" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "merchant" ADD CONSTRAINT merchant_category CHECK (category ~ '^[0-9]{4}$');
ALTER TABLE "merchant" ADD CONSTRAINT merchant_country CHECK (country ~ '^[A-Z]{2}$');
-- What differs, for this account, from its provider's entry in the catalogue.
ALTER TABLE "provider_account" ADD COLUMN "catalogue" JSONB NOT NULL DEFAULT '{}';

-- The text as its author wrote it, beside the document that was read from it: both stay for ever, because payments
-- name the version that decided them.
ALTER TABLE "routing_policy" ADD COLUMN "name" TEXT NOT NULL DEFAULT 'policy';
ALTER TABLE "routing_policy" ADD COLUMN "status" TEXT NOT NULL DEFAULT 'draft';
ALTER TABLE "routing_policy" ADD COLUMN "canary_percent" INTEGER;
ALTER TABLE "routing_policy" ADD COLUMN "source" TEXT NOT NULL DEFAULT '';
ALTER TABLE "routing_policy" ADD COLUMN "author" TEXT NOT NULL DEFAULT 'system';
-- Since when it has been what it is now.
ALTER TABLE "routing_policy" ADD COLUMN "moved_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;
-- When it last became active; null: never. Only what was active once comes back out of the archive.
ALTER TABLE "routing_policy" ADD COLUMN "activated_at" TIMESTAMPTZ(3);
-- A move that waits for a second person: {to, percent?, by, reason, at}.
ALTER TABLE "routing_policy" ADD COLUMN "proposal" JSONB;

-- Append-only: who moved which version from what to what, and why.
CREATE TABLE "routing_policy_event" (
    "id" BIGSERIAL NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "from_status" TEXT,
    "to_status" TEXT NOT NULL,
    "canary_percent" INTEGER,
    -- `key:<API key id>`, `operator:<id>` or `system`.
    "actor" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    -- Of what was approved: who had proposed it.
    "proposed_by" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    -- The database's own transaction that wrote it.
    "written_in" BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,

    CONSTRAINT "routing_policy_event_pkey" PRIMARY KEY ("id"),
    CONSTRAINT routing_policy_event_whole CHECK (actor <> '' AND reason <> ''
      AND kind IN ('saved', 'moved', 'displaced', 'proposed', 'approved', 'rejected', 'rolled_back'))
);
CREATE INDEX "routing_policy_event_merchant_id_mode_version_idx" ON "routing_policy_event"("merchant_id", "mode", "version");

-- Documents of the first form, which had no name and no life, go on: each condition is written as an expression.
-- What was active is; the others are in the archive.
CREATE FUNCTION interlock_first_form(old jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('format', 'interlock/routing@1', 'name', 'First policy', 'inherit', true, 'rules',
    coalesce((SELECT jsonb_agg(jsonb_build_object('name', r.value->'name', 'choose', jsonb_build_object('order', r.value->'order'),
      'when', coalesce((SELECT string_agg(CASE c.key
            WHEN 'countries' THEN 'issuer_country in ' || c.value::text
            WHEN 'currencies' THEN 'currency in ' || c.value::text
            WHEN 'brands' THEN 'brand in ' || c.value::text
            WHEN 'minAmountMinor' THEN 'amount >= ' || c.value::text
            WHEN 'maxAmountMinor' THEN 'amount <= ' || c.value::text END, ' && ' ORDER BY c.key)
          FROM jsonb_each(r.value->'when') c), 'true')) ORDER BY r.ordinality)
      FROM jsonb_array_elements(old->'rules') WITH ORDINALITY r), '[]'),
    'otherwise', jsonb_build_object('choose', jsonb_build_object('order', old->'otherwise')))
$$;
UPDATE "routing_policy" SET "document" = interlock_first_form("document"), "name" = 'First policy',
  "status" = CASE WHEN "active" THEN 'active' ELSE 'archived' END,
  "activated_at" = CASE WHEN "active" THEN "created_at" END
  WHERE NOT "document" ? 'format';
UPDATE "routing_policy" SET "source" = jsonb_pretty("document");
-- The newest of several active ones was the one that decided.
UPDATE "routing_policy" p SET "status" = 'archived' WHERE p."active" AND EXISTS (SELECT 1 FROM "routing_policy" n
  WHERE n."merchant_id" = p."merchant_id" AND n."mode" = p."mode" AND n."active" AND n."version" > p."version");
INSERT INTO "routing_policy_event" ("merchant_id", "mode", "version", "kind", "to_status", "actor", "reason")
  SELECT "merchant_id", "mode", "version", 'saved', "status", 'system', 'taken over from before policies had a life'
  FROM "routing_policy" ORDER BY "merchant_id", "mode", "version";
DROP FUNCTION interlock_first_form(jsonb);
ALTER TABLE "routing_policy" DROP COLUMN "active";
ALTER TABLE "routing_policy" ALTER COLUMN "name" DROP DEFAULT, ALTER COLUMN "source" DROP DEFAULT,
  ALTER COLUMN "author" DROP DEFAULT;

ALTER TABLE "routing_policy" ADD CONSTRAINT routing_policy_whole CHECK (version >= 1 AND source <> ''
  AND (status = 'canary') = (canary_percent IS NOT NULL) AND canary_percent BETWEEN 1 AND 99
  AND (status <> 'active' OR activated_at IS NOT NULL)
  AND status IN ('draft', 'validated', 'shadow', 'canary', 'active', 'archived'));
-- One of each decides, or is looked at.
CREATE UNIQUE INDEX routing_policy_active ON "routing_policy"("merchant_id", "mode") WHERE status = 'active';
CREATE UNIQUE INDEX routing_policy_canary ON "routing_policy"("merchant_id", "mode") WHERE status = 'canary';
CREATE UNIQUE INDEX routing_policy_shadow ON "routing_policy"("merchant_id", "mode") WHERE status = 'shadow';

-- domain/routing/life.ts has the same table; a test compares both.
CREATE FUNCTION interlock_policy_edges() RETURNS TABLE (from_status text, to_status text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT f, unnest(t) FROM (VALUES
    ('draft', ARRAY['validated', 'archived']),
    ('validated', ARRAY['shadow', 'canary', 'active', 'archived']),
    ('shadow', ARRAY['validated', 'canary', 'active', 'archived']),
    ('canary', ARRAY['validated', 'shadow', 'active', 'archived']),
    ('active', ARRAY['archived']),
    ('archived', ARRAY['active'])
  ) AS edges (f, t)
$$;

CREATE FUNCTION interlock_guard_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'policy % of %: a payment may name it, so it is archived, never deleted', OLD.version, OLD.merchant_id;
  END IF;
  IF NEW.status <> OLD.status AND NOT EXISTS (
    SELECT 1 FROM interlock_policy_edges() e WHERE e.from_status = OLD.status AND e.to_status = NEW.status) THEN
    RAISE EXCEPTION 'policy % of %: % may not become %', OLD.version, OLD.merchant_id, OLD.status, NEW.status;
  END IF;
  IF OLD.status = 'archived' AND NEW.status = 'active' AND OLD.activated_at IS NULL THEN
    RAISE EXCEPTION 'policy % of %: it was never active, so there is nothing to roll back to', OLD.version, OLD.merchant_id;
  END IF;
  IF (NEW.merchant_id, NEW.mode, NEW.version, NEW.name, NEW.source, NEW.document, NEW.author, NEW.created_at)
     IS DISTINCT FROM (OLD.merchant_id, OLD.mode, OLD.version, OLD.name, OLD.source, OLD.document, OLD.author, OLD.created_at) THEN
    RAISE EXCEPTION 'policy % of %: its document does not change', OLD.version, OLD.merchant_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER routing_policy_guard BEFORE UPDATE OR DELETE ON routing_policy
  FOR EACH ROW EXECUTE FUNCTION interlock_guard_policy();

-- Judged at the commit: a status that nobody is named for is not kept.
CREATE FUNCTION interlock_policy_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM routing_policy_event e
      WHERE e.merchant_id = NEW.merchant_id AND e.mode = NEW.mode AND e.version = NEW.version AND e.to_status = NEW.status
        AND e.written_in = pg_current_xact_id()::text::bigint) THEN
    RAISE EXCEPTION 'policy % of %: % without a word of who and why', NEW.version, NEW.merchant_id, NEW.status;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER routing_policy_saved AFTER INSERT ON routing_policy
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION interlock_policy_told();
CREATE CONSTRAINT TRIGGER routing_policy_moved AFTER UPDATE ON routing_policy
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.status IS DISTINCT FROM OLD.status OR NEW.canary_percent IS DISTINCT FROM OLD.canary_percent)
  EXECUTE FUNCTION interlock_policy_told();

CREATE TRIGGER routing_policy_event_immutable BEFORE UPDATE OR DELETE ON routing_policy_event
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

-- Whose routing changed, and in which transaction: what workers keep in memory is dropped by it (db/routing/changes.ts).
-- A row a merchant and mode, written by whatever the decision rests on. The platform's merchant is `*`.
CREATE TABLE "routing_change" (
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "changed_in" BIGINT NOT NULL,
    CONSTRAINT "routing_change_pkey" PRIMARY KEY ("merchant_id", "mode")
);
CREATE INDEX "routing_change_changed_in_idx" ON "routing_change"("changed_in");

CREATE FUNCTION interlock_routing_changed(whose text, in_mode text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO routing_change (merchant_id, mode, changed_in)
    VALUES (whose, in_mode, pg_current_xact_id()::text::bigint)
    ON CONFLICT (merchant_id, mode) DO UPDATE SET changed_in = excluded.changed_in
$$;

CREATE FUNCTION interlock_note_routing_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM interlock_routing_changed(coalesce(NEW.merchant_id, OLD.merchant_id), coalesce(NEW.mode, OLD.mode));
  RETURN NULL;
END $$;
CREATE TRIGGER routing_policy_change AFTER INSERT OR UPDATE ON routing_policy
  FOR EACH ROW EXECUTE FUNCTION interlock_note_routing_change();
CREATE TRIGGER provider_account_change AFTER INSERT OR UPDATE OR DELETE ON provider_account
  FOR EACH ROW EXECUTE FUNCTION interlock_note_routing_change();

CREATE FUNCTION interlock_note_merchant_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM interlock_routing_changed(NEW.id, 'test');
  PERFORM interlock_routing_changed(NEW.id, 'live');
  RETURN NULL;
END $$;
CREATE TRIGGER merchant_routing_change AFTER UPDATE OF category, country, authentication_rules ON merchant
  FOR EACH ROW EXECUTE FUNCTION interlock_note_merchant_change();

-- The numbers that a decision was computed with, named by their own hash.
CREATE TABLE "routing_catalogue" (
    "id" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "routing_catalogue_pkey" PRIMARY KEY ("id")
);
CREATE TRIGGER routing_catalogue_immutable BEFORE UPDATE OR DELETE ON routing_catalogue
  FOR EACH ROW EXECUTE FUNCTION interlock_immutable();

-- What all workers saw together: counts of one cell in one bucket of time (domain/routing/learning). Added to, never
-- taken from; nothing about a payer is in it.
CREATE TABLE "routing_window" (
    "account_id" TEXT NOT NULL,
    -- `cell`, or `health`, which is kept by account alone: its other names are empty.
    "grain" TEXT NOT NULL,
    "bucket_start" TIMESTAMPTZ(3) NOT NULL,
    "method" TEXT NOT NULL,
    "brand" TEXT NOT NULL,
    "issuer_country" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "approved" INTEGER NOT NULL,
    "soft_declined" INTEGER NOT NULL,
    "hard_declined" INTEGER NOT NULL,
    "unknown" INTEGER NOT NULL,
    "not_attempted" INTEGER NOT NULL,
    "authorized_minor" BIGINT NOT NULL,
    -- Counts by time to answer; the bounds are the code's.
    "latency" INTEGER[] NOT NULL,
    "changed_in" BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    CONSTRAINT "routing_window_pkey" PRIMARY KEY ("account_id", "grain", "bucket_start", "method", "brand", "issuer_country", "currency")
);
CREATE INDEX "routing_window_changed_in_idx" ON "routing_window"("changed_in");
CREATE INDEX "routing_window_bucket_start_idx" ON "routing_window"("bucket_start");

-- How often another version than the one that decided would have chosen otherwise: the shadow beside any, and the
-- active one beside the canary.
CREATE TABLE "routing_comparison" (
    "merchant_id" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "decided_by" INTEGER NOT NULL,
    "compared" INTEGER NOT NULL,
    "evaluated" BIGINT NOT NULL DEFAULT 0,
    "differed" BIGINT NOT NULL DEFAULT 0,
    -- Of those: another account first; the same first, others after it; other requirements.
    "first_differed" BIGINT NOT NULL DEFAULT 0,
    "order_differed" BIGINT NOT NULL DEFAULT 0,
    "requirements_differed" BIGINT NOT NULL DEFAULT 0,
    -- The latest that differed, a bounded number of them.
    "samples" JSONB NOT NULL DEFAULT '[]',
    "first_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "routing_comparison_pkey" PRIMARY KEY ("merchant_id", "mode", "decided_by", "compared"),
    CONSTRAINT routing_comparison_counts CHECK (differed BETWEEN 0 AND evaluated AND decided_by <> compared)
);

GRANT SELECT, INSERT ON routing_policy_event, routing_catalogue TO interlock_app;
GRANT SELECT, INSERT, UPDATE ON routing_change, routing_window, routing_comparison TO interlock_app;
-- Windows are for learning and age out; nothing is proven by them.
GRANT DELETE ON routing_window TO interlock_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO interlock_app;
