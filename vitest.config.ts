import { configDefaults, defineConfig } from 'vitest/config';

const ELSEWHERE = [...configDefaults.exclude, 'dist/**', '.interlock/**'];
/** It brings up machines of its own and lets them fall over: beside other files, both would be judged by the noise. */
const STORM = 'test/storm/storm.test.ts';

export default defineConfig({
  test: {
    // Each file may run workers, simulators and browsers of its own; more at once only makes them wait.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    // Finding no test is a failure: a typo in a path must not look like success.
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          globalSetup: ['test/support/global-setup.ts'],
          include: ['**/*.test.ts'],
          exclude: [...ELSEWHERE, STORM],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'storm', include: [STORM], exclude: ELSEWHERE, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
