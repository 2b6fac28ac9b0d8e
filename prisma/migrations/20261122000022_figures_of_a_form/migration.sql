-- Workers from before `form` don't look at it: they would compute cells as they used to, and take them off the list that a
-- newer worker has made. Each of their passes ends by this column, and without its name fails and takes nothing off.
ALTER TABLE "rollup_standing" RENAME COLUMN "looked_at" TO "noted_at";
