export type ProcessRecord = { name: string; pid: number; mark: string; signal: NodeJS.Signals };
export function startMark(pid: number): string | undefined;
export function isAlive(record: { pid: number; mark: string }): boolean;
export function signalGroup(pid: number, signal: NodeJS.Signals): void;
export function endAll(records: readonly ProcessRecord[], graceMs: number): Promise<number>;
