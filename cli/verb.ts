/** One verb of `./interlock`; each lives in a file of its own in verbs/, named like the verb. */
export type Verb = {
  /** One line, for the list of verbs. */
  summary: string;
  /** What `--help` prints: synopsis, options with their defaults, an example. */
  usage: string;
  /** Resolves to the exit code. */
  run: (argv: string[]) => Promise<number>;
};

/** Wrong use of a verb: the message is shown with a hint at `--help`, and the exit code is 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
