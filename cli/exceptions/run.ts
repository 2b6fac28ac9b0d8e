/**
 * What `./interlock exceptions` does: asks and tells the API as any operator's program could, and says what came of it.
 */
import { randomUUID } from 'node:crypto';
import { connectDesk, type Desk, Refused } from '../operator/desk.ts';
import { whereAndWho } from '../operator/run.ts';
import { type CommandWord, type ExceptionOptions, type Order, parseOrder } from './order.ts';
import { sayBulk, sayFigures, sayList, sayOne, sayWhole } from './words.ts';

type Env = Record<string, string | undefined>;

interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** Resolves to the exit code: 1 where the API refused, or a command over many was refused by one. */
export async function runExceptions(argv: string[], env: Env, terminal: Terminal): Promise<number> {
  const order = parseOrder(argv);
  const { options } = order;
  try {
    const desk = connectDesk(...whereAndWho(options, env), 'exceptions');
    const { body, words, complete = true } = await carryOut(desk, order);
    terminal.out(options.json ? JSON.stringify(body) : words);
    return complete ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    terminal.err(`interlock exceptions: ${error.message}`);
    if (options.json && error.body !== undefined) terminal.out(JSON.stringify(error.body));
    return 1;
  }
}

interface Told {
  readonly body: unknown;
  readonly words: string;
  readonly complete?: boolean;
}

async function carryOut(desk: Desk, { what, id, options }: Order): Promise<Told> {
  switch (what) {
    case 'list': {
      const { body } = await desk.view(`?${filterOf(options)}`);
      return { body, words: sayList(body) };
    }
    case 'figures': {
      const { body } = await desk.view(`/figures?days=${encodeURIComponent(options.days ?? '30')}`);
      return { body, words: sayFigures(body) };
    }
    case 'show': {
      const { body } = await desk.view(`/${encodeURIComponent(id ?? '')}`);
      return { body, words: sayWhole(body) };
    }
    default:
      return id === undefined ? tellMany(desk, what, options) : tellOne(desk, what, id, options);
  }
}

/** The API's filters, by their names here; without a status, what is not resolved. */
function filterOf(options: ExceptionOptions): string {
  const {
    kind,
    cause,
    account,
    payment,
    merchant,
    owner,
    after,
    limit = '50',
    status = 'unresolved',
  } = options;
  const filters = { kind, cause, account, payment, merchant, owner, limit, status, starting_after: after };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filters, min_age_hours: options['min-age-hours'] })) {
    if (value !== undefined && !(name === 'status' && value === 'all')) query.set(name, value);
  }
  if (options.overdue) query.set('overdue', 'true');
  return query.toString();
}

function detailsOf({ disposition, target, owner, reason }: ExceptionOptions): Record<string, string> {
  const given = Object.entries({ disposition, target, owner, reason });
  return Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function tellOne(desk: Desk, what: CommandWord, id: string, options: ExceptionOptions): Promise<Told> {
  const { body } = await desk.command(`/${encodeURIComponent(id)}/${what}`, detailsOf(options), {
    key: options.key,
  });
  return { body, words: sayOne(body) };
}

/** What a round had no time for is told again under the same key, so that nothing is told twice. */
const ROUNDS = 10;

async function tellMany(desk: Desk, what: CommandWord, options: ExceptionOptions): Promise<Told> {
  const { kind, cause, after, key = randomUUID() } = options;
  const about = {
    action: what,
    kind,
    ...(cause === undefined ? {} : { cause }),
    ...(after === undefined ? {} : { starting_after: after }),
    ...detailsOf(options),
  };
  for (let rounds = 1; ; rounds += 1) {
    const { body } = await desk.command('/bulk', about, { key });
    const { words, complete, unanswered } = sayBulk(body);
    if (!unanswered || rounds >= ROUNDS) return { body, words, complete };
  }
}
