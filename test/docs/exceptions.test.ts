import { describe, expect, it } from 'vitest';
import { apiRoutes } from '../../api/app.ts';
import { DISPOSITION_ENTRIES } from '../../domain/cases/dispositions.ts';
import { CASE_KINDS } from '../../domain/cases/kinds.ts';
import { limitsFor } from '../../domain/cases/limits.ts';
import { CASE_COMMANDS, CASE_EDGES } from '../../domain/cases/states.ts';
import { read } from '../tidy/sources.ts';
import { stateDiagram, withDiagram } from './diagram.ts';

/** The page's diagram and tables are the code's. */
const page = read('docs/exceptions.md');

function withTable(text: string, name: string, rows: readonly (readonly string[])[]): string {
  const block = new RegExp(
    `(<!-- ${name}, from the code by test/docs/exceptions\\.test\\.ts -->\\n)[\\s\\S]*?(<!-- until here -->)`,
  );
  if (!block.test(text)) throw new Error(`the page has no place for ${name}`);
  const [head = [], ...body] = rows.map((cells) => `| ${cells.join(' | ')} |`);
  const table = [head, `|${'---|'.repeat(rows[0]?.length ?? 0)}`, ...body].join('\n');
  return text.replace(block, (_all, begin: string, end: string) => `${begin}\n${table}\n\n${end}`);
}

const dispositions = [
  ['Disposition', 'Means', 'Target'],
  ...Object.entries(DISPOSITION_ENTRIES).map(([name, { means, target }]) => [
    `\`${name}\``,
    means,
    target === undefined ? '' : `${target.names}${target.required ? '' : ' (optional)'}`,
  ]),
];

const kinds = [
  ['Kind', 'What it is', 'Whose', 'Hours', 'Ended by (proposed first)'],
  ...Object.entries(CASE_KINDS).map(([kind, entry]) => [
    `\`${kind}\``,
    entry.title,
    `${entry.team}, ${entry.severity}`,
    String(entry.slaHours),
    endings(entry.proposed, entry.dispositions),
  ]),
];

function endings(proposed: string | undefined, all: readonly string[]): string {
  if (all.length === 0) return 'its payment or refund';
  return [...all]
    .sort((one, other) => Number(other === proposed) - Number(one === proposed))
    .map((each) => `\`${each}\``)
    .join(', ');
}

describe('docs/exceptions.md', () => {
  it('draws the states and lists kinds and dispositions as the code has them', async () => {
    const written = withTable(
      withTable(withDiagram(page, stateDiagram(CASE_EDGES)), 'dispositions', dispositions),
      'kinds',
      kinds,
    );
    await expect(written).toMatchFileSnapshot('../../docs/exceptions.md');
  });

  it('names every command, and the limits that hold', () => {
    const paths = apiRoutes().map(({ path }) => path);
    for (const command of CASE_COMMANDS) {
      expect(paths).toContain(`/v1/exceptions/:id/${command}`);
      expect(page).toContain(`\`${command}\``);
    }
    expect(limitsFor('EUR', { four_eyes: {}, write_off: {} })).toEqual({
      fourEyesMinor: 100_00,
      writeOffMinor: 10_00,
    });
  });
});
