-- What people work through, oldest first: each list enters its index at the page's first row. They are on tables, or parts of
-- tables, that a payment which goes well never touches.
CREATE INDEX "webhook_delivery_dead_idx" ON "webhook_delivery"("created_at", "endpoint_id", "event_id") WHERE status = 'dead';
CREATE INDEX "resolution_proposed_idx" ON "resolution"("proposed_at", "id") WHERE status = 'proposed';
CREATE INDEX "routing_policy_proposed_idx" ON "routing_policy"("moved_at", "merchant_id", "mode", "version")
  WHERE proposal IS NOT NULL;
CREATE INDEX "exception_unresolved_idx" ON "exception"("opened_at", "id") WHERE closed_at IS NULL;
CREATE INDEX "exception_unresolved_owner_idx" ON "exception"("owner", "opened_at", "id") WHERE closed_at IS NULL;
CREATE INDEX "exception_unresolved_merchant_idx" ON "exception"("merchant_id", "opened_at", "id") WHERE closed_at IS NULL;
CREATE INDEX "exception_unresolved_account_idx" ON "exception"("account_id", "opened_at", "id") WHERE closed_at IS NULL;
CREATE INDEX "exception_unresolved_due_idx" ON "exception"("due_at", "id") WHERE closed_at IS NULL;
CREATE INDEX "exception_payment_id_idx" ON "exception"("payment_id") WHERE payment_id IS NOT NULL;
-- Resolved ones too are looked at in order.
CREATE INDEX "exception_opened_at_id_idx" ON "exception"("opened_at", "id");
