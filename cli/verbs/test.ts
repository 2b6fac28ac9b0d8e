import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runForeground } from '../run-child.ts';
import { ROOT } from '../stack/paths.ts';
import type { Verb } from '../verb.ts';

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

/** `N passed, N failed, N skipped`, the plain line that other programs read. */
export function closingLine(report: z.output<typeof reportSchema>): string {
  // A file that cannot even be loaded has no tests of its own to count, and yet it failed.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const failed = report.numFailedTests + broken.length;
  return `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests + report.numTodoTests} skipped`;
}

const verb: Verb = {
  summary: 'run the tests, with a Postgres and a Temporal server of their own',
  usage: `Usage: ./interlock test [vitest filters and options]

Brings up Postgres and Temporal on free ports in a temporary folder, runs the tests, removes everything.
Arguments go to vitest: ./interlock test domain/payment -t 'late success'. Fails when no test ran.
The last line is always "N passed, N failed, N skipped".`,
  run: async (argv) => {
    const dir = mkdtempSync(join(tmpdir(), 'interlock-report-'));
    try {
      const outputFile = join(dir, 'report.json');
      const filters = argv.filter((arg, index) => !(arg === '--' && index === 0));
      const code = await runForeground(process.execPath, [
        join(ROOT, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${outputFile}`,
        ...filters,
      ]);
      return finish(code, outputFile);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

function finish(code: number, outputFile: string): number {
  let report: z.output<typeof reportSchema>;
  try {
    report = reportSchema.parse(JSON.parse(readFileSync(outputFile, 'utf8')));
  } catch {
    console.error('The test run ended before it could report.');
    console.log('0 passed, 1 failed, 0 skipped');
    return code || 1;
  }
  console.log(closingLine(report));
  if (report.numPassedTests + report.numFailedTests > 0) return code;
  console.error('No test ran.');
  return code || 1;
}

export default verb;
