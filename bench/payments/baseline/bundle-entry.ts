/** What the bench's worker bundles: everything that production's worker does, and the bare workflow beside it. */
export * from '../../../workflows/index.ts';
export { bareCharge } from './workflow.ts';
