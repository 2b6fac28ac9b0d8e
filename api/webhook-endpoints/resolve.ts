import { Resolver } from 'node:dns/promises';

/** Every address of a host; none where it has none, undefined where nobody can tell right now. */
export type ResolveHost = (hostname: string) => Promise<readonly string[] | undefined>;

const TIMEOUT_MS = 1_000;
const TRIES = 2;
const ABSENT = ['ENOTFOUND', 'ENODATA'];

/**
 * Asks DNS itself. The operating system's look-up would read this machine's own hosts file too, and waits on the few
 * threads that all of the process shares: a merchant's slow name server must not hold those.
 */
export const resolveHost: ResolveHost = async (hostname) => {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const answers = await Promise.all([
    answerOf(resolver.resolve4(hostname)),
    answerOf(resolver.resolve6(hostname)),
  ]);
  const addresses = answers.flatMap((answer) => answer ?? []);
  return addresses.length === 0 && answers.includes(undefined) ? undefined : addresses;
};

function answerOf(asked: Promise<string[]>): Promise<readonly string[] | undefined> {
  return asked.catch((error: NodeJS.ErrnoException) => (ABSENT.includes(error.code ?? '') ? [] : undefined));
}
