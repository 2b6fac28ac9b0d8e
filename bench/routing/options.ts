import { parseArgs } from 'node:util';

export const PARTS = ['decision', 'year', 'backtest'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly json: boolean;
  /** A short run, to try the bench. */
  readonly quick: boolean;
  readonly seed: number;
  readonly parts: readonly Part[];
}

export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: argv.filter((arg) => arg !== '--'),
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true },
    },
  });
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0)
    throw new Error(`--seed must be a whole number, not ${values.seed}`);
  const named = (values.only ?? []).flatMap((names) => names.split(','));
  const unknown = named.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`--only knows ${PARTS.join(', ')}, not ${unknown}`);
  const parts = named.length === 0 ? PARTS : PARTS.filter((part) => named.includes(part));
  return { json: values.json, quick: values.quick, seed, parts };
}
