import { expect, test } from 'vitest';
import { closingLine } from './test.ts';

const file = (status: string, tests: number) => ({ status, assertionResults: Array.from({ length: tests }) });

test('the closing line counts passed, failed and skipped tests', () => {
  const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };
  expect(closingLine({ ...report, testResults: [file('failed', 9)] })).toBe('5 passed, 1 failed, 3 skipped');
});

test('a file that could not be loaded counts as a failure', () => {
  const report = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  const testResults = [file('passed', 5), file('failed', 0)];
  expect(closingLine({ ...report, testResults })).toBe('5 passed, 1 failed, 0 skipped');
});
