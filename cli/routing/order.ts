import { parseArgs } from 'node:util';
import { suggest } from '../suggest.ts';
import { UsageError } from '../verb.ts';

/** The words on the command line: what to do, and to what (a version, a file or a payment). */
export interface Order {
  readonly what: What;
  readonly subject?: string;
  readonly options: RoutingOptions;
}

export type RoutingOptions = ReturnType<typeof parse>['values'];

interface Form {
  /** What the word after the command is; `?` where it may be left out. */
  readonly subject?: 'version' | 'version?' | 'file' | 'payment';
  readonly needs?: readonly (keyof RoutingOptions)[];
}

const FORMS = {
  list: {},
  show: { subject: 'version?' },
  validate: { subject: 'file' },
  save: { subject: 'file', needs: ['reason'] },
  check: { subject: 'version', needs: ['reason'] },
  shadow: { subject: 'version', needs: ['reason'] },
  canary: { subject: 'version', needs: ['percent', 'reason'] },
  promote: { subject: 'version', needs: ['reason'] },
  withdraw: { subject: 'version', needs: ['reason'] },
  archive: { subject: 'version', needs: ['reason'] },
  approve: { subject: 'version', needs: ['to', 'reason'] },
  reject: { subject: 'version', needs: ['reason'] },
  rollback: { subject: 'version?', needs: ['reason'] },
  compare: { subject: 'version' },
  simulate: { needs: ['amount', 'currency'] },
  explain: { subject: 'payment' },
  health: {},
  catalogue: {},
} as const satisfies Readonly<Record<string, Form>>;

export type What = keyof typeof FORMS;
/** Commands about one version that are the API's own words, but for `check`, which is its `validate`. */
export type Move = 'check' | 'shadow' | 'canary' | 'promote' | 'withdraw' | 'archive' | 'approve' | 'reject';

/** Commands that have a file of their own; `verbs/routing.ts` hands them on. */
export const ELSEWHERE = ['year', 'backtest', 'experiment'] as const;

export function parseOrder(argv: string[]): Order {
  const { values, positionals } = parse(argv);
  const [what, subject, ...more] = positionals;
  if (what === undefined || !Object.hasOwn(FORMS, what)) throw new UsageError(notKnown(what));
  const known = what as What;
  const form: Form = FORMS[known];
  const problem = subjectProblem(known, form, subject);
  if (problem !== undefined) throw new UsageError(problem);
  if (more.length > 0) throw new UsageError(`routing ${known}: one thing at a time`);
  for (const name of form.needs ?? []) {
    if (!values[name]) throw new UsageError(`routing ${known} needs --${name}`);
  }
  return { what: known, ...(subject === undefined ? {} : { subject }), options: values };
}

const WANTED = {
  version: 'a version, e.g. 3',
  'version?': 'a version, e.g. 3, or nothing',
  file: 'a file with a policy (YAML or JSON)',
  payment: 'a payment (pay_...)',
} as const;

function subjectProblem(
  what: What,
  { subject: wants }: Form,
  subject: string | undefined,
): string | undefined {
  if (wants === undefined) return subject === undefined ? undefined : `routing ${what} takes options only`;
  const wanted = `routing ${what} takes ${WANTED[wants]}`;
  if (subject === undefined) return wants === 'version?' ? undefined : wanted;
  if (wants === 'payment') return subject.startsWith('pay_') ? undefined : wanted;
  if (wants === 'file') return undefined;
  const isVersion = /^[1-9]\d{0,8}$/.test(subject) || (what === 'show' && subject === 'active');
  return isVersion ? undefined : wanted;
}

function notKnown(what: string | undefined): string {
  const known = [...Object.keys(FORMS), ...ELSEWHERE];
  const close = what === undefined ? undefined : suggest(what, known);
  return close === undefined
    ? `routing does one of: ${known.join(', ')}`
    : `routing has no "${what}"; did you mean "${close}"?`;
}

function parse(argv: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      status: text,
      limit: text,
      after: text,
      reason: text,
      percent: text,
      to: text,
      draft: flag,
      online: flag,
      accounts: text,
      amount: text,
      currency: text,
      country: text,
      issuer: text,
      brand: text,
      funding: text,
      bin: text,
      channel: text,
      risk: text,
      'risk-score': text,
      'off-session': flag,
      recurring: flag,
      metadata: { type: 'string', multiple: true },
      at: text,
      draw: text,
      version: text,
      file: text,
      merchant: text,
      mode: text,
      key: text,
      as: text,
      'api-url': text,
      json: flag,
    },
  });
}
