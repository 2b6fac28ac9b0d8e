/**
 * db/rollups/: the figures that are kept as cells. What lives here: finding the hours in which something changed, and
 * computing them from the payments themselves. What may not: anything that a payment waits for, a trigger least of all.
 * Next to read: facts.ts (what is counted), cells.ts (how cells are replaced), then db/read/figures, which asks them.
 */
export { type Computed, computeNext, noteChanges } from './keep.ts';
