import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ALARMS } from '../domain/alarms/index.ts';
import { runbookOf } from './runbooks.ts';
import type { Inline, Runbook } from './src/pages/runbooks/runbook.ts';

const FOLDER = fileURLToPath(new URL('../docs/runbooks/', import.meta.url));
const PAGES = readdirSync(FOLDER).map((name) =>
  runbookOf(`${FOLDER}${name}`, readFileSync(`${FOLDER}${name}`, 'utf8')),
);
const read = (...lines: readonly string[]) => runbookOf(`${FOLDER}made-up.md`, lines.join('\n\n'));
const HEAD = ['# A title', 'Alarm: `MadeUp`.'];

describe('the runbooks', () => {
  it('have a page in the console for every alarm, which names it', () => {
    const pages = new Map(PAGES.map((page) => [page.name, page]));
    for (const { name, runbook } of ALARMS) expect(pages.get(runbook)?.alarms, runbook).toContain(name);
  });

  it('link to each other and to their list, and to nothing that the console does not have', () => {
    const places = new Set(['/runbooks', ...PAGES.map(({ name }) => `/runbooks/${name}`)]);
    const linked = PAGES.flatMap(linksOf);
    expect(linked.filter((href) => !places.has(href) && !href.startsWith('https://'))).toEqual([]);
    expect(linked).toContain('/runbooks/task-queue-behind');
    expect(linked.filter((href) => href === '/runbooks')).toHaveLength(PAGES.length);
  });
});

describe('reading a runbook', () => {
  it('keeps its sections, steps and words in order, and takes its first line for the alarms', () => {
    const page = read(
      ...HEAD,
      '## First look',
      '1. Run `a < b`:\n   *now*.\n2. Then **wait**.',
      '```sh\nls\n```',
    );
    expect(page).toMatchObject({ name: 'made-up', title: 'A title', alarms: ['MadeUp'] });
    expect(page.blocks.slice(1)).toEqual([
      { type: 'section', words: ['First look'] },
      {
        type: 'list',
        ordered: true,
        items: [
          ['Run ', { type: 'code', text: 'a < b' }, ':\n', { type: 'em', words: ['now'] }, '.'],
          ['Then ', { type: 'strong', words: ['wait'] }, '.'],
        ],
      },
      { type: 'code', text: 'ls' },
    ]);
  });

  it('tells another document by where it lies, for it is not served', () => {
    const page = read(...HEAD, 'See [the cases](../exceptions.md).');
    expect(page.blocks[1]).toEqual({
      type: 'paragraph',
      words: ['See ', 'the cases', ' (', { type: 'code', text: 'docs/exceptions.md' }, ')', '.'],
    });
  });

  it.each([
    ['HTML', [...HEAD, '<script>alert(1)</script>'], /no html/],
    ['HTML in a line', [...HEAD, 'See <b>this</b>.'], /no html/],
    ['a picture', [...HEAD, '![a picture](made-up.png)'], /no image/],
    ['a section of a section', [...HEAD, '### Deeper'], /no heading/],
    ['a list in a list', [...HEAD, '- one\n  - two'], /no list_item/],
    ['a script for a link', [...HEAD, '[press](javascript:alert(1))'], /leads nowhere/],
    ['a page that is not there', [...HEAD, '[see](no-such-page.md)'], /leads nowhere/],
    ['a place of its own', [...HEAD, '[below](#first-look)'], /leads nowhere/],
    ['a place in another page', [...HEAD, '[see](inbox-stale.md#first-look)'], /leads nowhere/],
    ['a place in another document', [...HEAD, '[see](../exceptions.md#kinds)'], /leads nowhere/],
    ['a link to nothing', [...HEAD, '[see]()'], /leads nowhere/],
    ['an entity', [...HEAD, 'Less than &lt; 5 s.'], /no entity such as &lt;/],
    ['no title', ['Alarm: `MadeUp`.'], /doesn't begin with its title/],
    ['no alarm', ['# A title', 'Some words.'], /doesn't name its alarms/],
  ] as const)('fails on %s, and says so', (_, lines, words) => {
    expect(() => read(...lines)).toThrow(words);
  });
});

function linksOf({ blocks }: Runbook): readonly string[] {
  return blocks.flatMap((block) => {
    if (block.type === 'code') return [];
    return block.type === 'list' ? block.items.flatMap(hrefsOf) : hrefsOf(block.words);
  });
}

function hrefsOf(words: readonly Inline[]): readonly string[] {
  return words.flatMap((word) => (typeof word !== 'string' && word.type === 'link' ? [word.href] : []));
}
