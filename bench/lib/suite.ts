/**
 * bench/: measurements, never timed tests. A suite is a file bench/<suite>.ts that hands its work to
 * `runSuite`. What lives in bench/lib/: rounds, statistics, process accounting and reporting that all
 * suites share. What may not: anything that production code imports.
 */
import { createProgress, type Progress } from '../../cli/stack/progress.ts';
import { type Figure, figureTable, jsonLine } from './report.ts';

export interface SuiteContext {
  readonly progress: Progress;
  /** Work that must be undone however the suite ends; the last deferred runs first. */
  defer(undo: () => Promise<void>): void;
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Prints a paragraph of the report. */
  print(text: string): void;
}

/**
 * Runs a suite: its report and table on standard output, progress on standard error, the line of JSON last.
 * A goal that isn't met is a result, not a failure: the exit code says only whether it could be measured.
 */
export async function runSuite(
  name: string,
  options: { readonly json: boolean },
  measure: (context: SuiteContext) => Promise<readonly Figure[]>,
): Promise<void> {
  const progress = createProgress();
  const undos: (() => Promise<void>)[] = [];
  const stopping = new AbortController();
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        stopping.abort();
        reject(new Error(`stopped by ${signal}`));
      });
    }
  });
  const context: SuiteContext = {
    progress,
    defer: (undo) => undos.push(undo),
    signal: stopping.signal,
    print: (text) => console.log(`${text}\n`),
  };
  try {
    const figures = await Promise.race([measure(context), interrupted]);
    console.log(figureTable(figures));
    if (options.json) console.log(jsonLine(name, figures));
  } catch (error) {
    console.error(`bench ${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    for (const undo of undos.reverse()) {
      await undo().catch((error: unknown) => {
        console.error(`bench ${name}: cleaning up: ${String(error)}`);
        process.exitCode = 1;
      });
    }
    // Interrupted work may still hold timers and sockets.
    process.exit();
  }
}
