import { runExceptions } from '../exceptions/run.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'what needs a person: see, assign, decide and count exceptions',
  usage: `Usage: ./interlock exceptions <command> [options]

  list                          what is not resolved, oldest first
       [--kind K] [--cause C] [--status open|proposed|resolved|unresolved|all] [--account A] [--payment P]
       [--merchant M] [--owner opr_...|none] [--min-age-hours N] [--overdue] [--limit N] [--after exc_...]
  show <exc_...>                one, with both sides' rows and every word said
  assign <exc_...> --owner opr_...|me|none --reason R
  comment <exc_...> --reason R
  propose <exc_...> --disposition D --reason R [--target T]
                                how it should end; nothing moves until it is approved
  dispose <exc_...> --disposition D --reason R [--target T]
                                ends it at once, where the limits let one person decide
  approve <exc_...> --reason R  carry out what is proposed
  reject <exc_...> --reason R   put the proposal away
  figures [--days 30]           open by kind and age, time limits, auto-resolution, lag of settlement

  Dispositions: accept, write_off, claim_from_provider, refund, remap, link, ignore. docs/exceptions.md says what each means.
  With --kind K [--cause C] instead of an id a command goes to all unresolved ones, at most 1,000.

  --key K        the command's Idempotency-Key (default: a new one); the same key repeats the same command
  --as NAME      alice or bob, the operators of the stack that ./interlock up runs here
  --api-url URL  the API (default: INTERLOCK_API_URL, else the running stack's)
  --json         print the API's answer as one line of JSON

Goes through the API under INTERLOCK_OPERATOR_KEY. Exits 1, with the rule, where a command is refused.

  ./interlock exceptions propose exc_... --disposition accept --reason "meant so" --as alice`,
  run: (argv) =>
    runExceptions(argv, process.env, {
      out: (line) => console.log(line),
      err: (line) => console.error(line),
    }),
};

export default verb;
