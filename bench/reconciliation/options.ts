import { parseArgs } from 'node:util';

export interface Options {
  readonly json: boolean;
  /** The sizes of files, smallest first; figures with a goal are of the largest. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly seed: number;
  /** Whether a run by the real workflow tells the events of its history. */
  readonly history: boolean;
}

const ROWS = { otherwise: 1_000_000, least: 1_000, most: 1_000_000 };
const ROUNDS = { otherwise: 3, least: 1, most: 50 };
const SEED = { otherwise: 1, least: 0, most: 9 };

export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: argv.filter((arg) => arg !== '--'),
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rows: { type: 'string' },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      'no-history': { type: 'boolean', default: false },
    },
  });
  const rows = count('rows', values.rows, values.quick ? { ...ROWS, otherwise: 30_000 } : ROWS);
  return {
    json: values.json,
    sizes: [10_000, ...(values.quick ? [] : [100_000])].filter((size) => size < rows).concat(rows),
    rounds: count('rounds', values.rounds, values.quick ? { ...ROUNDS, otherwise: 1 } : ROUNDS),
    seed: count('seed', values.seed, SEED),
    history: !values['no-history'],
  };
}

function count(
  name: string,
  text: string | undefined,
  { otherwise, least, most }: { readonly otherwise: number; readonly least: number; readonly most: number },
): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`--${name} must be a whole number from ${least} to ${most}, not ${text}`);
  return value;
}
