-- A line of text may hold several entries, and a statement's number may come again: which lines are the same is told by
-- their id alone (db/reconciliation/bank.ts).
DROP INDEX "bank_statement_line_bank_account_statement_line_key";
