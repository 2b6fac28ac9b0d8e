import { parseArgs } from 'node:util';

export const SECTIONS = ['cpu', 'hanging'] as const;
export type Section = (typeof SECTIONS)[number];

export interface Options {
  readonly json: boolean;
  readonly sections: ReadonlySet<Section>;
  readonly rounds: number;
  /** Payments of one side in one round. */
  readonly payments: number;
}

const MAX_ROUNDS = 50;
const MAX_PAYMENTS = 5_000;

export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: argv.filter((arg) => arg !== '--'),
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      payments: { type: 'string' },
      only: { type: 'string', multiple: true },
    },
  });
  const { quick } = values;
  return {
    json: values.json,
    sections: sectionsOf(values.only),
    rounds: count('rounds', values.rounds, quick ? 3 : 7, MAX_ROUNDS),
    payments: count('payments', values.payments, quick ? 48 : 240, MAX_PAYMENTS),
  };
}

function sectionsOf(only: readonly string[] | undefined): ReadonlySet<Section> {
  if (only === undefined) return new Set(SECTIONS);
  const names = only.flatMap((text) => text.split(','));
  const unknown = names.filter((name) => !SECTIONS.includes(name as Section));
  if (unknown.length > 0) throw new Error(`--only takes ${SECTIONS.join(', ')}; not ${unknown.join(', ')}`);
  return new Set(names as Section[]);
}

function count(name: string, text: string | undefined, otherwise: number, most: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new Error(`--${name} must be a whole number from 1 to ${most}, not ${text}`);
  }
  return value;
}
