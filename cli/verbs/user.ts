import { runUser } from '../user/run.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'who may sign in at the console: the first administrator, resets, who is out',
  usage: `Usage: ./interlock user <list|add|role|reset|disable|enable> [<e-mail>] [options]

  list                                   everybody who may sign in or has a key
  add <e-mail> --role R [--name N]       let somebody in: a one-time password is printed, to be changed at
                                         the first sign-in
  role <e-mail> --role R                 another role; they are signed out
  reset <e-mail> [--totp]                a new one-time password, and no lock; --totp: no second factor either
  disable <e-mail>                       signed out, and neither sign-in nor key works
  enable <e-mail>                        undo it

  --role R      read_only, analyst, operator or admin (docs/console.md says what each may do)
  --reason W    why; it stands in the administrators' audit log (default: on the command line)
  --json        one line of JSON

Uses DATABASE_URL and the other settings of the environment, or those of the stack that is running here. The last
administrator can neither be disabled nor lose the role.

  ./interlock user add ada@example.com --role admin --name "Ada"`,
  run: (argv) => runUser(argv, process.env, (line) => console.log(line)),
};

export default verb;
