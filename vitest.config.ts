import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', '.interlock/**'],
    globalSetup: ['test/support/global-setup.ts'],
    // Each file may run workers, simulators and browsers of its own; more at once only makes them wait.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    // Finding no test is a failure: a typo in a path must not look like success.
    passWithNoTests: false,
  },
});
