import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  MAX_ARITHMETIC,
  MAX_ARITHMETIC_IN_ALL,
  MAX_LITERAL_CHARACTERS,
} from '../../domain/routing/policy/bounds.ts';
import { MAX_DEPTH, MAX_NODES } from '../../domain/routing/policy/cel.ts';
import { STRATEGY_KEYS } from '../../domain/routing/policy/choose.ts';
import {
  HANDLINGS,
  MAX_CONDITION_CHARACTERS,
  MAX_ELIMINATIONS,
  MAX_REQUIREMENTS,
  MAX_RULES,
  MAX_SOURCE_BYTES,
  policyDocumentSchema,
} from '../../domain/routing/policy/document.ts';
import { checkPolicy, PLATFORM_DEFAULT } from '../../domain/routing/policy/index.ts';
import { MAX_NODES_IN_ALL } from '../../domain/routing/policy/validate.ts';
import { FUNCTIONS, VARIABLES, type Variable } from '../../domain/routing/policy/variables.ts';
import { ACCOUNTS, catalogueWith } from '../../domain/routing/test-support/fixtures.ts';
import { ROOT, read } from '../tidy/sources.ts';
import { markdownTable, withPrinted } from './printed.ts';

/** The page's tables are the code's. */
const PATH = 'docs/routing.md';
const page = read(PATH);

const FEW = 6;

function unknown({ name, optional }: Variable): string {
  if (name === 'metadata') return 'by key: `"key" in metadata`';
  return optional === true ? `\`known.${name}\`` : 'always known';
}

function meaning({ meaning: text, values, min, max }: Variable): string {
  if (values !== undefined && values.length <= FEW)
    return `${text} ${values.map((each) => `\`${each}\``).join(', ')}.`;
  return max === undefined ? text : `${text} ${min} to ${max}.`;
}

function variablesTable(): string {
  const rows = VARIABLES.map((each) => [
    `\`${each.name}\``,
    each.type,
    meaning(each),
    `\`${each.example}\``,
    unknown(each),
  ]);
  return markdownTable(['variable', 'type', 'meaning', 'example', 'known'], rows);
}

function functionsTable(): string {
  const rows = FUNCTIONS.map((each) => [`\`${each.signature}\``, each.meaning, `\`${each.example}\``]);
  return markdownTable(['function', 'meaning', 'example'], rows);
}

function boundsTable(): string {
  return markdownTable(
    ['of', 'at most'],
    [
      ['a policy’s text', `${MAX_SOURCE_BYTES / 1024} KiB`],
      ['rules', `${MAX_RULES}`],
      ['eliminations, requirements', `${MAX_ELIMINATIONS}, ${MAX_REQUIREMENTS}`],
      ['characters of a condition', `${MAX_CONDITION_CHARACTERS}`],
      ['values and operators of a condition', `${MAX_NODES}, nested at most ${MAX_DEPTH} deep`],
      ['values and operators of a policy', `${MAX_NODES_IN_ALL}`],
      [
        'arithmetic operations of a condition, and of all together',
        `${MAX_ARITHMETIC}, ${MAX_ARITHMETIC_IN_ALL}`,
      ],
      ['characters of a text in a condition', `${MAX_LITERAL_CHARACTERS}`],
    ],
  );
}

describe('the page', () => {
  it('is printed from the code', async () => {
    const printed = [
      ['VARIABLES', variablesTable()],
      ['FUNCTIONS', functionsTable()],
      ['BOUNDS', boundsTable()],
    ].reduce((text, [from = '', block = '']) => withPrinted(text, from, block), page);
    const hint = `\`npx vitest run test/docs/routing.test.ts -u\` prints it anew in ${PATH}`;
    await expect(printed, hint).toMatchFileSnapshot(join(ROOT, PATH));
  });

  it('has every strategy and every key of a document', () => {
    const table = page.slice(page.indexOf('### What a rule may choose'), page.indexOf('### Who can’t'));
    expect(STRATEGY_KEYS.filter((key) => !page.includes(`| \`${key}: `))).toEqual([]);
    expect(table).not.toBe('');
    const keys = Object.keys(policyDocumentSchema.shape).filter((key) => key !== 'description');
    expect(keys.filter((key) => !page.includes(`\n${key}:`))).toEqual([]);
  });

  it('has the platform’s handling of what a policy may change, and what it may be', () => {
    for (const [name, handling] of Object.entries(PLATFORM_DEFAULT.built_in ?? {})) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
      expect(row).toContain(`| \`${handling}\` |`);
      const may = HANDLINGS.filter(
        (each) => policyDocumentSchema.shape.built_in.safeParse({ [name]: each }).success,
      );
      expect(row.split('|').at(-2)?.trim()).toBe(may.map((each) => `\`${each}\``).join(', '));
    }
  });

  it('shows a policy that may be saved, and so are the examples', () => {
    const shown = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const folder = 'docs/examples/routing';
    const examples = readdirSync(join(ROOT, folder)).map((file) => read(`${folder}/${file}`));
    expect(examples.length).toBeGreaterThan(1);
    const world = { accounts: ACCOUNTS, catalogue: catalogueWith() };
    for (const text of [shown, ...examples])
      expect(checkPolicy(text, world)).toMatchObject({
        ok: true,
        document: { format: 'interlock/routing@1' },
      });
  });
});
