export {
  type BanditCandidate,
  type BanditNumbers,
  type BanditOptions,
  expectedPpm,
  type RankedBySuccess,
  rankBySuccess,
} from './bandit.ts';
export { addCounts, attemptsOf, NO_COUNTS } from './counts.ts';
export { derivedDraw, drawnWithin } from './draw.ts';
export { HEALTH_BUCKET_MS, HEALTH_WINDOW_MS, type Health } from './health.ts';
export { LATENCY_BUCKETS } from './latency.ts';
export type {
  CellFacts,
  Counts,
  Grain,
  LateApproval,
  Observation,
  ObservedResult,
  WindowRow,
} from './observation.ts';
export {
  type Arm,
  DEFAULT_SEQUENTIAL,
  type SequentialOptions,
  type SequentialResult,
  type SequentialVerdict,
  sequentialTest,
} from './sequential.ts';
export { PARENT_WORTH } from './success.ts';
export { createWindows, DEFAULT_WINDOWS, type WindowOptions, type Windows } from './windows.ts';
