import { parseArgs } from 'node:util';
import { DISPOSITIONS } from '../../domain/cases/dispositions.ts';
import { suggest } from '../suggest.ts';
import { UsageError } from '../verb.ts';

/** The words on the command line. A command without an id is about all of `--kind`. */
export interface Order {
  readonly what: What;
  readonly id?: string;
  readonly options: ExceptionOptions;
}

export type ExceptionOptions = ReturnType<typeof parse>['values'];

/** What each must be told, beside what it is about. */
const NEEDED = {
  list: [],
  show: [],
  figures: [],
  assign: ['owner', 'reason'],
  comment: ['reason'],
  propose: ['disposition', 'reason'],
  dispose: ['disposition', 'reason'],
  approve: ['reason'],
  reject: ['reason'],
} as const satisfies Readonly<Record<string, readonly (keyof ExceptionOptions)[]>>;
type What = keyof typeof NEEDED;
export type CommandWord = Exclude<What, 'list' | 'show' | 'figures'>;

export function parseOrder(argv: string[]): Order {
  const { values, positionals } = parse(argv);
  const [what, id, ...more] = positionals;
  if (what === undefined || !Object.hasOwn(NEEDED, what)) throw new UsageError(notKnown(what));
  const known = what as What;
  if (more.length > 0) throw new UsageError(`exceptions ${known} takes one id`);
  const about = subjectProblem(known, id, values);
  if (about !== undefined) throw new UsageError(about);
  for (const name of NEEDED[known]) {
    if (!values[name]) throw new UsageError(`exceptions ${known} needs --${name}`);
  }
  if (values.disposition !== undefined && !DISPOSITIONS.some((each) => each === values.disposition))
    throw new UsageError(`--disposition is one of: ${DISPOSITIONS.join(', ')}`);
  return { what: known, ...(id === undefined ? {} : { id }), options: values };
}

function subjectProblem(what: What, id: string | undefined, { kind }: ExceptionOptions): string | undefined {
  if (what === 'list' || what === 'figures')
    return id === undefined ? undefined : `exceptions ${what} takes no id`;
  if (id !== undefined && !id.startsWith('exc_')) return `${id} is no exception (exc_...)`;
  if (what === 'show') return id === undefined ? 'exceptions show takes an id' : undefined;
  return (id === undefined) === (kind === undefined)
    ? `exceptions ${what} takes an id, or --kind for all unresolved ones of it`
    : undefined;
}

function notKnown(what: string | undefined): string {
  const known = Object.keys(NEEDED);
  const close = what === undefined ? undefined : suggest(what, known);
  return close === undefined
    ? `exceptions does one of: ${known.join(', ')}`
    : `exceptions has no "${what}"; did you mean "${close}"?`;
}

function parse(argv: string[]) {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      kind: { type: 'string' },
      cause: { type: 'string' },
      status: { type: 'string' },
      account: { type: 'string' },
      payment: { type: 'string' },
      merchant: { type: 'string' },
      owner: { type: 'string' },
      'min-age-hours': { type: 'string' },
      overdue: { type: 'boolean', default: false },
      limit: { type: 'string' },
      after: { type: 'string' },
      days: { type: 'string' },
      disposition: { type: 'string' },
      target: { type: 'string' },
      reason: { type: 'string' },
      key: { type: 'string' },
      as: { type: 'string' },
      'api-url': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
}
