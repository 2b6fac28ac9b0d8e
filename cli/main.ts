/**
 * The command line: finds the verb, shows help, turns errors into exit codes (1 for a failure, 2 for wrong
 * use). What a verb does lives in verbs/<verb>.ts and what brings the embedded stack up in stack/; nothing
 * here knows about payments.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from './install.mjs';
import { suggest } from './suggest.ts';
import { UsageError, type Verb } from './verb.ts';

/** In the order in which a newcomer meets them. A verb whose file isn't there isn't offered. */
const VERBS = [
  'up',
  'demo',
  'doctor',
  'payment',
  'operator',
  'user',
  'exceptions',
  'routing',
  'audit',
  'reconcile',
  'ledger',
  'settlement',
  'worker',
  'api',
  'sandbox',
  'migrate',
  'generate',
  'build',
  'replay',
  'test',
  'bench',
  'storm',
  'new:provider',
] as const;

/** A colon in a verb is a hyphen in its file's name. */
function verbUrl(name: string): URL {
  return new URL(`./verbs/${name.replaceAll(':', '-')}.ts`, import.meta.url);
}

export function availableVerbs(): string[] {
  return VERBS.filter((name) => existsSync(fileURLToPath(verbUrl(name))));
}

async function loadVerb(name: string): Promise<Verb> {
  const module: { default: Verb } = await import(verbUrl(name).href);
  return module.default;
}

async function overview(): Promise<string> {
  const names = availableVerbs();
  const width = Math.max(...names.map((name) => name.length));
  const lines = await Promise.all(
    names.map(async (name) => `  ${name.padEnd(width)}  ${(await loadVerb(name)).summary}`),
  );
  return [
    'Interlock: payment orchestration on Temporal.',
    '',
    'Usage: ./interlock <verb> [options]',
    '',
    ...lines,
    '',
    './interlock <verb> --help tells more about one. Start with: ./interlock up --demo',
  ].join('\n');
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(await overview());
    return 0;
  }
  const verbs = availableVerbs();
  if (!verbs.includes(name)) {
    const close = suggest(name, verbs);
    const hint = close ? `Did you mean "${close}"?` : `The verbs are: ${verbs.join(', ')}.`;
    console.error(`interlock: there is no verb "${name}". ${hint}`);
    return 2;
  }
  const verb = await loadVerb(name);
  // What stands after `--` belongs to the program that the verb starts.
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (own.includes('--help') || own.includes('-h')) {
    console.log(verb.usage);
    return 0;
  }
  return verb.run(rest);
}

export async function main(argv: readonly string[]): Promise<void> {
  try {
    process.exitCode = await dispatch(argv);
  } catch (error) {
    process.exitCode = report(error, argv[0]);
  }
}

function report(error: unknown, verb: string | undefined): number {
  if (error instanceof UsageError || isParseArgsError(error)) {
    console.error(`interlock ${verb}: ${error.message}\nSee: ./interlock ${verb} --help`);
    return 2;
  }
  const plain = error instanceof UserError || process.env.LOG_LEVEL !== 'debug';
  console.error(error instanceof Error && plain ? `interlock ${verb}: ${error.message}` : error);
  return 1;
}

/** node:util's parseArgs marks its errors by code. */
function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
