import { runOperator } from '../operator/run.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'act on a payment or refund that needs a person: retry, void, cancel, move, release, resolve',
  usage: `Usage: ./interlock operator <command> [options]

  exceptions                    what needs a person, oldest first
  show <id>                     a payment or refund, its operations, and what is open about it
  retry <id> --reason R         send or ask now whatever waits
  void <pay_...> --reason R     void what is, or may be, authorized
  cancel <id> --reason R        end it, where it is proven that nothing was charged or refunded
  move <pay_...> --reason R     go on at another provider, where it is proven that nothing was charged
       [--account pa_...]       at this one of the payment's route (default: the next untried one)
  release <pay_...> --reason R  send what its routing policy held back for a review
  resolve <id> --outcome succeeded|not_executed --evidence E --reason R
       [--operation op_...]     which operation (default: the one that is open)
       [--provider-reference X] the effect's reference at the provider, where it succeeded
                                says what became of an operation; nothing changes until somebody else approves
  approve <res_...> --reason R  approve another operator's resolution, which carries it out
  add <name>                    make an operator's key; it is shown once
  revoke <name>                 end it

  --key K        the command's Idempotency-Key (default: a new one); the same key repeats the same command
  --as NAME      alice or bob, the operators of the stack that ./interlock up runs here
  --api-url URL  the API (default: INTERLOCK_API_URL, else the running stack's)
  --json         print the API's answer as one line of JSON

Commands go through the API under INTERLOCK_OPERATOR_KEY, and stand in the audit with the operator's name and
the reason. Exits 1, with the rule, where one is refused. add and revoke use DATABASE_URL and the other settings
of the environment, or those of the stack that is running.

  ./interlock operator show pay_... --as alice`,
  run: (argv) =>
    runOperator(argv, process.env, {
      out: (line) => console.log(line),
      err: (line) => console.error(line),
    }),
};

export default verb;
