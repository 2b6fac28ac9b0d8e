/** What `./interlock routing year` does: plays a year and says how each way of routing did in it. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UsageError } from '../../verb.ts';
import { plotOf } from './plot.ts';
import { figuresOf, playerOf, type SimulatedYear, simulateYear, type YearFigure } from './year.ts';

interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

const FEWEST = 1_000;
const MOST = 10_000_000;

/** Resolves to the exit code: 0 whenever the year could be played. A goal that isn't met is a result, and said. */
export async function runYear(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      payments: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      plot: { type: 'string' },
    },
  });
  const payments = whole('payments', values.payments, FEWEST, MOST);
  const seed = whole('seed', values.seed, 0, 0xffffffff);
  const startedMs = Date.now();
  const tenth = Math.floor(payments / 10);
  let told = 0;
  const year = simulateYear(payments, seed, (done) => {
    if (done < told + tenth) return;
    told += tenth;
    terminal.err(`${Math.round((100 * done) / payments)}% of the year`);
  });
  const figures = figuresOf(year);
  if (values.plot !== undefined) writeFileSync(values.plot, plotOf(year));
  terminal.out(values.json ? json(year, figures) : words(year, figures));
  terminal.err(`played in ${((Date.now() - startedMs) / 1000).toFixed(0)} s`);
  return 0;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not ${text}`);
  return value;
}

function json({ payments, seed, order, players }: SimulatedYear, figures: readonly YearFigure[]): string {
  return JSON.stringify({
    payments,
    seed,
    order,
    players,
    figures: figures.map((figure) => ({ ...figure, met: isMet(figure) })),
  });
}

function isMet({ value, goal }: YearFigure): boolean {
  return goal.is === '<=' ? value <= goal.bound : value >= goal.bound;
}

function words(year: SimulatedYear, figures: readonly YearFigure[]): string {
  const base = playerOf(year, 'fixed order');
  const rows = year.players.map(({ name, success, fees, monthlySuccess, explored }) => {
    const worst = Math.min(...monthlySuccess.map((each, month) => each - (base.monthlySuccess[month] ?? 0)));
    const cells = [success.toFixed(2), fees.toFixed(3), worst.toFixed(2), String(explored)];
    return `${name.padEnd(15)}${cells.map((cell) => cell.padStart(16)).join('')}`;
  });
  const head = ['approved %', 'fees %', 'worst month', 'explored'];
  return [
    `${year.payments.toLocaleString('en-US')} payments over a year, seed ${year.seed}. Fixed order: ${year.order.join(', ')}.`,
    'Worst month: points against the fixed order in the same month.',
    '',
    `${''.padEnd(15)}${head.map((cell) => cell.padStart(16)).join('')}`,
    ...rows,
    '',
    ...figures.map(
      (figure) =>
        `${isMet(figure) ? '✓' : '✗'} ${figure.value.toFixed(2)} (goal ${figure.goal.is} ${figure.goal.bound}): ${figure.text}`,
    ),
  ].join('\n');
}
