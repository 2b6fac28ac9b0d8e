/**
 * db/routing/: what a decision rests on, as workers read it: a merchant's policies and accounts, which merchants changed,
 * the catalogues that were used, what all workers learnt, and what shadows would have done. What may not live here: how
 * a policy moves through its life (db/settings/routing, where a person's commands come in).
 */
export { readCatalogue, storeCatalogue } from './catalogue.ts';
export { type ChangedMerchant, type RoutingCursor, routingChanges } from './changes.ts';
export { countComparisons } from './comparisons.ts';
export {
  armsOf,
  endOutOfTime,
  findExperiment,
  hasItsControl,
  listExperiments,
  type OwnedExperiment,
  recordLook,
  runningExperiment,
  runningExperiments,
  stopByItself,
} from './experiments.ts';
export { findPolicy, loadMerchantRouting } from './load.ts';
export { ensurePlatform, PLATFORM } from './platform.ts';
export { flushWindows, forgetWindows, readWindows, type WindowCursor } from './windows.ts';
