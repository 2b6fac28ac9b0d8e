/** Tells a person at a terminal what takes how long: one line per step, and one every ten seconds of waiting. */
export type Progress = {
  step: <T>(what: string, work: (say: (detail: string) => void) => Promise<T>) => Promise<T>;
  say: (line: string) => void;
};

const STILL_MS = 10_000;

/** Steps may overlap; each line names its own. Goes to standard error, so that standard output stays data. */
export function createProgress(write: (line: string) => void = (line) => console.error(line)): Progress {
  return {
    say: write,
    async step(what, work) {
      const startedAt = performance.now();
      const elapsed = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      const still = setInterval(() => write(`  … ${what} (${elapsed()})`), STILL_MS);
      try {
        const result = await work((detail) => write(`  … ${what}: ${detail}`));
        write(`  ✓ ${what} (${elapsed()})`);
        return result;
      } catch (error) {
        write(`  ✗ ${what} (${elapsed()})`);
        throw error;
      } finally {
        clearInterval(still);
      }
    },
  };
}
