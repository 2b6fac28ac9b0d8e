import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from './evidence-types.ts';
import type { Pace } from './rig/settings.ts';

/** What `./interlock storm` was asked for. */
export interface StormOptions {
  readonly payments: number;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly json: boolean;
  readonly keep: boolean;
  readonly proxy: 'auto' | 'own';
  readonly pace: Partial<Pace>;
  /** Another checkout to put under the storm. */
  readonly source?: string;
  /** Names of sabotages, or `all`. */
  readonly sabotage?: string;
}

const DEFAULT_PAYMENTS = 300;

export class BadOption extends Error {}

export function parseOptions(argv: readonly string[]): StormOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      payments: { type: 'string' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      proxy: { type: 'string', default: 'auto' },
      'time-scale': { type: 'string' },
      source: { type: 'string' },
      sabotage: { type: 'string' },
    },
  });
  const { json, keep, source, sabotage } = values;
  if (values.proxy !== 'auto' && values.proxy !== 'own') throw new BadOption('--proxy is auto or own');
  const timeScale = values['time-scale'] === undefined ? undefined : Number(values['time-scale']);
  if (timeScale !== undefined && !(timeScale > 0 && timeScale <= 1))
    throw new BadOption('--time-scale is above 0 and at most 1');
  return {
    payments: whole('payments', values.payments, DEFAULT_PAYMENTS),
    seed: whole('seed', values.seed, Math.floor(Math.random() * 1_000_000)),
    kinds: kindsOf(values.faults),
    json,
    keep,
    proxy: values.proxy,
    pace: timeScale === undefined ? {} : { timeScale },
    ...(source === undefined ? {} : { source }),
    ...(sabotage === undefined ? {} : { sabotage }),
  };
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new BadOption(`--${name} is a whole number`);
  return Number(text);
}

/** `none` for a fair day. */
function kindsOf(text: string | undefined): readonly FaultKind[] {
  if (text === undefined || text === 'all') return FAULT_KINDS;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((each) => each === name.trim());
    if (kind === undefined) throw new BadOption(`--faults knows ${FAULT_KINDS.join(', ')}; not "${name}"`);
    return kind;
  });
}

/** The command that does the same again. */
export function commandFor(options: StormOptions): string {
  const { payments, seed, kinds, proxy, pace, sabotage } = options;
  const words = ['./interlock storm', `--payments ${payments}`, `--seed ${seed}`];
  if (kinds.length < FAULT_KINDS.length) words.push(`--faults ${kinds.join(',') || 'none'}`);
  if (proxy !== 'auto') words.push(`--proxy ${proxy}`);
  if (pace.timeScale !== undefined) words.push(`--time-scale ${pace.timeScale}`);
  if (sabotage !== undefined) words.push(`--sabotage ${sabotage}`);
  return words.join(' ');
}
