/**
 * What `./interlock routing` does: asks and tells the API as any merchant's program could, and says what came of it.
 * Only `validate` needs no API; with `--as` it is an operator who approves.
 */
import { connectDesk, type Desk, Refused } from '../operator/desk.ts';
import { whereAndWho } from '../operator/run.ts';
import { readRunningStack } from '../stack/stack-file.ts';
import { UsageError } from '../verb.ts';
import { checkOffline, readPolicyFile } from './offline.ts';
import { type Move, type Order, parseOrder, type RoutingOptions } from './order.ts';
import { hypotheticalOf } from './payment.ts';
import {
  sayCatalogue,
  sayComparison,
  sayExplained,
  sayHealth,
  sayList,
  sayMoved,
  sayProblems,
  saySimulated,
  sayWhole,
} from './words.ts';

type Env = Record<string, string | undefined>;

interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** Resolves to the exit code: 1 where the API refused, a policy is not valid, or a decision is not reproduced. */
export async function runRouting(argv: string[], env: Env, terminal: Terminal): Promise<number> {
  const order = parseOrder(argv);
  const { options } = order;
  try {
    const { body, words, well = true } = await carryOut(order, env);
    terminal.out(options.json ? JSON.stringify(body) : words);
    return well ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    terminal.err(`interlock routing: ${error.message}`);
    const problems = sayProblems(error.body);
    if (problems !== '') terminal.err(problems);
    if (options.json && error.body !== undefined) terminal.out(JSON.stringify(error.body));
    return 1;
  }
}

interface Told {
  readonly body: unknown;
  readonly words: string;
  readonly well?: boolean;
}

async function carryOut({ what, subject = '', options }: Order, env: Env): Promise<Told> {
  if (what === 'validate') return validate(subject, options, env);
  if (options.as !== undefined && (what === 'approve' || what === 'reject'))
    return answerAsOperator(what, subject, options, env);
  const desk = connectDesk(...whereAndKey(options, env), '');
  const see = async (path: string, say: (body: unknown) => string): Promise<Told> => {
    const { body } = await desk.view(path);
    return { body, words: say(body) };
  };
  switch (what) {
    case 'list':
      return see(`routing/policies?${filterOf(options)}`, sayList);
    case 'show':
      return see(`routing/policies/${subject === '' ? 'active' : subject}`, sayWhole);
    case 'compare':
      return see(`routing/policies/${subject}/comparison`, sayComparison);
    case 'health':
      return see('routing/health', sayHealth);
    case 'catalogue':
      return see('routing/catalogue', sayCatalogue);
    case 'explain': {
      const { body } = await desk.view(`payments/${encodeURIComponent(subject)}/routing`);
      const { words, reproduced } = sayExplained(body);
      return { body, words, well: reproduced };
    }
    case 'simulate': {
      const source = options.file === undefined ? {} : { source: readPolicyFile(options.file) };
      const { body } = await desk.command('routing/simulate', { ...hypotheticalOf(options), ...source });
      return { body, words: saySimulated(body) };
    }
    case 'save': {
      const source = readPolicyFile(subject);
      const { reason, draft, key } = options;
      const { body } = await desk.command('routing/policies', { source, reason, draft }, { key });
      return { body, words: sayMoved(body) };
    }
    case 'rollback': {
      const version = subject === '' ? {} : { version: Number(subject) };
      return move(desk, 'routing/rollback', { ...version, reason: options.reason }, options);
    }
    default:
      return move(desk, `routing/policies/${subject}/${wordOf(what)}`, detailsOf(what, options), options);
  }
}

/** The API's own word; here `validate` is about a file. */
function wordOf(what: Move): string {
  return what === 'check' ? 'validate' : what;
}

function detailsOf(what: Move, { reason, percent, to }: RoutingOptions): object {
  if (what === 'canary') return { reason, percent: shareOf(percent) };
  if (what !== 'approve') return { reason };
  if (to !== 'canary' && to !== 'active' && to !== 'experiment')
    throw new UsageError('--to is canary, active or experiment, as it is proposed');
  return { reason, to, ...(to !== 'active' ? { canary_percent: shareOf(percent) } : {}) };
}

function shareOf(percent = ''): number {
  if (!/^\d{1,2}$/.test(percent)) throw new UsageError('--percent is a whole number from 1 to 99');
  return Number(percent);
}

async function move(desk: Desk, path: string, told: object, { key }: RoutingOptions): Promise<Told> {
  const { body } = await desk.command(path, told, { key });
  return { body, words: sayMoved(body) };
}

async function validate(path: string, options: RoutingOptions, env: Env): Promise<Told> {
  const source = readPolicyFile(path);
  if (options.online) {
    const desk = connectDesk(...whereAndKey(options, env), '');
    const { body } = await desk.command('routing/policies/validate', { source });
    const problems = sayProblems(body);
    return { body, words: problems === '' ? `${path} is valid.` : problems, well: problems === '' };
  }
  const problems = checkOffline(source, options.accounts);
  const body = { valid: problems.length === 0, problems };
  return { body, words: body.valid ? `${path} is valid.` : sayProblems(body), well: body.valid };
}

async function answerAsOperator(
  what: 'approve' | 'reject',
  version: string,
  options: RoutingOptions,
  env: Env,
): Promise<Told> {
  const merchant = options.merchant ?? readRunningStack(env)?.merchantId;
  if (merchant === undefined) throw new UsageError(`routing ${what} by an operator needs --merchant`);
  const desk = connectDesk(...whereAndWho(options, env));
  const whose = `routing/${encodeURIComponent(merchant)}/${options.mode ?? 'test'}`;
  return move(desk, `${whose}/policies/${version}/${what}`, detailsOf(what, options), options);
}

/** Which API, and the merchant's key: of the stack that runs here only where nothing else is named. */
export function whereAndKey(
  options: { readonly 'api-url'?: string | undefined },
  env: Env,
): [apiUrl: string, key: string] {
  const stack = readRunningStack(env);
  const named = options['api-url'] ?? env.INTERLOCK_API_URL;
  const apiUrl = named ?? stack?.apiUrl;
  if (!apiUrl)
    throw new UsageError('no stack is running here; name an API with --api-url or INTERLOCK_API_URL');
  const key = env.INTERLOCK_API_KEY ?? (named === undefined ? stack?.apiKey : undefined);
  if (!key) throw new UsageError('set INTERLOCK_API_KEY to your secret key');
  return [apiUrl, key];
}

function filterOf({ status, limit = '20', after }: RoutingOptions): string {
  const query = new URLSearchParams({ limit });
  if (status !== undefined) query.set('status', status);
  if (after !== undefined) query.set('starting_after', after);
  return query.toString();
}
