import { expect, test } from 'vitest';
import { type Random, randomFor } from '../../test/storm/random.ts';
import { SettlementFileError } from './errors.ts';
import { LAYOUTS, type LayoutName, type Line, sheetOf } from './test-support/files.ts';
import { MUTATIONS, type Mutant } from './test-support/mutations.ts';
import { codesOf, meaningOf, readWhole, type WholeFile } from './test-support/read.ts';

/** Of all layouts together; each mutation meets each layout many times. */
const MUTANTS = 2_000;
const LARGE_BYTES = 1024 ** 2;

function linesOf(random: Random): Line[] {
  return Array.from({ length: random.int(1, 12) }, (_, at) => {
    const kind = random.pick(['capture', 'capture', 'refund', 'chargeback', 'fee'] as const);
    const size = random.int(1, 10 ** random.int(1, 8));
    return {
      kind,
      currency: random.pick(['EUR', 'USD', 'JPY', 'KWD']),
      grossMinor: kind === 'capture' ? size : -size,
      feeMinor: kind === 'fee' ? 0 : random.int(0, 500),
      reference: `ref_${at}_${random.int(0, 1_000_000)}`,
      atSeconds: 1_769_800_000 + random.int(0, 80_000),
    };
  });
}

type Outcome = { readonly refusal: SettlementFileError } | { readonly whole: WholeFile };

async function outcomeOf(
  layout: LayoutName,
  { bytes, options = {} }: Mutant,
  random: Random,
): Promise<Outcome> {
  // In pieces of any size, but not ten million of them.
  const pieceBytes = bytes.length > LARGE_BYTES ? 65_536 : random.int(1, 4_096);
  try {
    return { whole: await readWhole(layout, bytes, { ...options, pieceBytes }) };
  } catch (error) {
    // Anything else is a crash, and fails the test.
    if (error instanceof SettlementFileError) return { refusal: error };
    throw error;
  }
}

function judge(name: string, mutant: Mutant, outcome: Outcome): 'refused' | 'read' {
  if ('refusal' in outcome) {
    const { reason, line, remedy, message } = outcome.refusal;
    expect(mutant.refused ?? [], `${name} was refused: ${message}`).toContain(reason);
    if (mutant.line !== undefined) expect(line, `${name}: ${message}`).toBe(mutant.line);
    expect(line).toBeGreaterThanOrEqual(1);
    expect(remedy.length).toBeGreaterThan(10);
    return 'refused';
  }
  const { rows, end } = outcome.whole;
  const expected = mutant.meanings ?? mutant.prefix;
  if (expected === undefined) expect.unreachable(`${name} was read`);
  const read = rows.map((row, at) => meaningOf(row, expected[at]?.reference !== undefined));
  if (mutant.meanings === undefined) {
    expect(read.slice(0, expected.length), name).toEqual(expected);
    expect(read.length - expected.length, name).toBeLessThanOrEqual(1);
  } else {
    expect(read, name).toEqual(expected);
  }
  expect(end.rows).toBe(rows.length);
  if (mutant.warnings !== undefined) {
    const said = codesOf(outcome.whole);
    expect(
      mutant.warnings.some((code) => said.includes(code)),
      `${name} is read as if nothing were wrong: ${said}`,
    ).toBe(true);
  }
  return 'read';
}

test.each(LAYOUTS)('no mutant of a %s file crashes, or passes for what it is not', async (layout) => {
  const names = Object.keys(MUTATIONS);
  const told = new Map(names.map((name) => [name, { refused: 0, read: 0 }]));
  const wanted = MUTANTS / LAYOUTS.length;
  for (let seed = 0, made = 0; made < wanted; seed += 1) {
    const random = randomFor(seed, layout);
    const name = names[seed % names.length] ?? '';
    const mutant = MUTATIONS[name]?.(sheetOf(layout, linesOf(random)), {
      roll: (sides) => random.int(0, sides - 1),
    });
    if (mutant === undefined) continue;
    made += 1;
    const outcome = await outcomeOf(layout, mutant, random);
    const counts = told.get(name);
    if (counts !== undefined) counts[judge(`${name} (${layout}, seed ${seed})`, mutant, outcome)] += 1;
  }
  // A mutation that never comes out as anything is one that isn't tried.
  const idle = [...told].filter(([, { refused, read }]) => refused + read === 0).map(([name]) => name);
  expect(idle.filter((name) => !NOT_OF[layout].includes(name))).toEqual([]);
});

/** What a layout has no place for: Checkout's files have no totals, and their amounts are rounded. */
const NOT_OF: Readonly<Record<LayoutName, readonly string[]>> = {
  stripe: ['empty cells left out'],
  adyen: ['empty cells left out'],
  paypal: [],
  checkout: ['a wrong total', 'more decimals than the currency has', 'empty cells left out'],
};
