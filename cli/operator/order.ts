import { parseArgs } from 'node:util';
import { suggest } from '../suggest.ts';
import { UsageError } from '../verb.ts';

/** The words on the command line, with what each of them needs. */
export interface Order {
  readonly what: What;
  /** An operator's name for `add` and `revoke`; nothing for `exceptions`. */
  readonly id: string;
  readonly options: OperatorOptions;
}

export type OperatorOptions = ReturnType<typeof parse>['values'];

/** What each command must be told, beside the id. */
const NEEDED = {
  exceptions: [],
  show: [],
  retry: ['reason'],
  void: ['reason'],
  cancel: ['reason'],
  move: ['reason'],
  release: ['reason'],
  resolve: ['outcome', 'evidence', 'reason'],
  approve: ['reason'],
  add: [],
  revoke: [],
} as const satisfies Readonly<Record<string, readonly (keyof OperatorOptions)[]>>;
type What = keyof typeof NEEDED;

/** What refunds don't take. */
const ONLY_PAYMENTS: { readonly [What in keyof typeof NEEDED]?: string } = {
  void: 'voided',
  move: 'moved',
  release: 'released',
};

const OUTCOMES = ['succeeded', 'not_executed'];

export function parseOrder(argv: string[]): Order {
  const { values, positionals } = parse(argv);
  const [what, id = '', ...more] = positionals;
  if (what === undefined || !isKnown(what)) throw new UsageError(notKnown(what));
  const takesId = what !== 'exceptions';
  if (takesId === (id === '') || more.length > 0) {
    throw new UsageError(
      takesId ? `operator ${what} takes one id or name` : 'operator exceptions takes no id',
    );
  }
  for (const name of NEEDED[what]) {
    if (!values[name]) throw new UsageError(`operator ${what} needs --${name}`);
  }
  if (values.outcome !== undefined && !OUTCOMES.includes(values.outcome)) {
    throw new UsageError(`--outcome is ${OUTCOMES.join(' or ')}`);
  }
  const done = ONLY_PAYMENTS[what];
  if (done !== undefined && !id.startsWith('pay_'))
    throw new UsageError(`only a payment (pay_...) can be ${done}`);
  return { what, id, options: values };
}

function isKnown(what: string): what is What {
  return Object.hasOwn(NEEDED, what);
}

function notKnown(what: string | undefined): string {
  const known = Object.keys(NEEDED);
  const close = what === undefined ? undefined : suggest(what, known);
  return close === undefined
    ? `operator does one of: ${known.join(', ')}`
    : `operator has no "${what}"; did you mean "${close}"?`;
}

function parse(argv: string[]) {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      account: { type: 'string' },
      operation: { type: 'string' },
      outcome: { type: 'string' },
      'provider-reference': { type: 'string' },
      evidence: { type: 'string' },
      key: { type: 'string' },
      as: { type: 'string' },
      'api-url': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
}
