/**
 * db/settings/routing/: what merchants and operators command of routing policies, and what they may look at. What a
 * command may do is pure code (domain/routing/life.ts); the workers' side of the same tables is db/routing.
 */
export type { RoutedRound } from '../../explanations.ts';
export type { Backtest } from '../../routing/backtests.ts';
export type { OwnedExperiment } from '../../routing/experiments.ts';
export { type BacktestRegister, createBacktestRegister } from './backtests.ts';
export { createExperimentRegister, type ExperimentRegister } from './experiments.ts';
export {
  createPolicyRegister,
  type NewPolicy,
  type PolicyOrder,
  type PolicyPage,
  type PolicyRegister,
  type RollBackRefusal,
  type ToldPolicy,
  type ToldToRollBack,
} from './policies.ts';
export {
  createRoutingReader,
  type RoutingReader,
  type StoredCircuit,
  type StoredComparison,
} from './reader.ts';
export type { KeptPolicy, ListedPolicy, PolicyEvent, PolicyOwner } from './row.ts';
