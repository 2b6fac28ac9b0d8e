/**
 * workflows/: what has to survive a night. One folder a workflow, with its messages and its recorded
 * histories. What lives here: waiting, asking in the right order, and telling activities what to do.
 * What may not: deciding about money (domain/ does, purely), or any I/O. Runs in Temporal's sandbox and
 * must replay: every change goes through versions.ts, and old histories replay in `npm test`.
 */
export { backtest } from './backtest/workflow.ts';
export { canary } from './canary/workflow.ts';
export { caseFile as case } from './case/workflow.ts';
export { challenge } from './challenge/workflow.ts';
export { delivery } from './delivery/workflow.ts';
export { experiment } from './experiment/workflow.ts';
export { payment } from './payment/workflow.ts';
export { reconciliation, scheduledReconciliation } from './reconciliation/workflow.ts';
export { refund } from './refund/workflow.ts';
export { rollup } from './rollup/workflow.ts';
