import { parseArgs } from 'node:util';

export interface Options {
  readonly json: boolean;
  readonly payments: number;
  readonly rounds: number;
  readonly seed: number;
}

export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: argv.filter((arg) => arg !== '--'),
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      payments: { type: 'string' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  });
  return {
    json: values.json,
    payments: whole('--payments', values.payments ?? (values.quick ? '200000' : '5000000'), 10_000),
    rounds: whole('--rounds', values.rounds ?? (values.quick ? '3' : '5'), 1),
    seed: whole('--seed', values.seed, 0),
  };
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${name} must be a whole number from ${least}, not ${text}`);
  return value;
}
