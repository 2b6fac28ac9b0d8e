import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { marked, type Token, type Tokens } from 'marked';
import type { Plugin } from 'vite';
import type { Block, Inline, Runbook } from './src/pages/runbooks/runbook.ts';

/**
 * Lets the console's sources import docs/runbooks/*.md as what src/pages/runbooks shows. It knows the Markdown that runbooks are
 * written in and no more: anything else, raw HTML above all, and a link that leads nowhere fail the build by name.
 */
export function runbooks(): Plugin {
  return {
    name: 'interlock-runbooks',
    transform: {
      filter: { id: /\/docs\/runbooks\/[a-z-]+\.md$/ },
      handler: (text, path) => ({
        code: `export default ${JSON.stringify(runbookOf(path, text))};`,
        moduleType: 'js',
        map: null,
      }),
    },
  };
}

/** One page, read. Its path says its name, and which other pages there are beside it. */
export function runbookOf(path: string, text: string): Runbook {
  const [title, ...rest] = marked.lexer(text).filter(({ type }) => type !== 'space');
  if (title === undefined || !isOf(title, 'heading') || title.depth !== 1)
    throw new Error(`${path} doesn't begin with its title.`);
  const alarms = alarmsOf(rest[0]);
  if (alarms.length === 0) throw new Error(`${path} doesn't name its alarms below its title.`);
  return {
    name: basename(path, '.md'),
    title: title.text,
    alarms,
    blocks: rest.map((token) => blockOf(token, path)),
  };
}

/** Every alarm that leads to a page is named in its first line: "Alarms: `One`, `Another`." */
function alarmsOf(first: Token | undefined): readonly string[] {
  if (first === undefined || !isOf(first, 'paragraph') || !/^Alarms?: /.test(first.text)) return [];
  return first.tokens.flatMap((token) => (isOf(token, 'codespan') ? [token.text] : []));
}

function blockOf(token: Token, path: string): Block {
  if (isOf(token, 'heading') && token.depth === 2)
    return { type: 'section', words: wordsOf(token.tokens, path) };
  if (isOf(token, 'paragraph')) return { type: 'paragraph', words: wordsOf(token.tokens, path) };
  if (isOf(token, 'code')) return { type: 'code', text: token.text };
  if (isOf(token, 'list')) {
    const items = token.items.map((item) => itemOf(item, path));
    return { type: 'list', ordered: token.ordered, items };
  }
  throw unknown(token, path);
}

/** An item is one line of words: lists within lists would be steps that nobody finds at night. */
function itemOf(item: Tokens.ListItem, path: string): readonly Inline[] {
  const [only, ...more] = item.tokens.filter(({ type }) => type !== 'space');
  if (only === undefined || more.length > 0 || !(isOf(only, 'text') || isOf(only, 'paragraph')))
    throw unknown(item, path);
  return wordsOf(only.tokens ?? [], path);
}

function wordsOf(tokens: readonly Token[], path: string): readonly Inline[] {
  return tokens.flatMap((token): readonly Inline[] => {
    if (isOf(token, 'text')) return [plain(token, path)];
    if (isOf(token, 'escape')) return [token.text];
    if (isOf(token, 'codespan')) return [{ type: 'code', text: token.text }];
    if (isOf(token, 'em')) return [{ type: 'em', words: wordsOf(token.tokens, path) }];
    if (isOf(token, 'strong')) return [{ type: 'strong', words: wordsOf(token.tokens, path) }];
    if (isOf(token, 'link')) return linked(token, path);
    throw unknown(token, path);
  });
}

/** The parser leaves entities as they are written, and so they would be shown: the character itself is what is meant. */
function plain({ text }: Tokens.Text, path: string): string {
  const entity = /&#?\w+;/.exec(text)?.[0];
  if (entity !== undefined) throw new Error(`${path}: runbooks hold no entity such as ${entity}`);
  return text;
}

/**
 * Another runbook is a page here, and so is the list of alarms. What isn't served here is told by where it lies. A place within
 * a page cannot be gone to, but for that list.
 */
function linked({ href, tokens, raw }: Tokens.Link, path: string): readonly Inline[] {
  const words = wordsOf(tokens, path);
  if (href.startsWith('https://')) return [{ type: 'link', href, words }];
  if (href === '../observability.md#alarms') return [{ type: 'link', href: '/runbooks', words }];
  const isFile = href !== '' && !href.includes('#') && existsSync(join(dirname(path), href));
  if (!isFile) throw new Error(`${path}: ${raw} leads nowhere.`);
  const sibling = /^([a-z-]+)\.md$/.exec(href)?.[1];
  if (sibling !== undefined) return [{ type: 'link', href: `/runbooks/${sibling}`, words }];
  return [...words, ' (', { type: 'code', text: join('docs/runbooks', href) }, ')'];
}

/** The parser's own types, by their names. */
interface TokenOf {
  readonly heading: Tokens.Heading;
  readonly paragraph: Tokens.Paragraph;
  readonly code: Tokens.Code;
  readonly list: Tokens.List;
  readonly text: Tokens.Text;
  readonly escape: Tokens.Escape;
  readonly codespan: Tokens.Codespan;
  readonly em: Tokens.Em;
  readonly strong: Tokens.Strong;
  readonly link: Tokens.Link;
}

/** Its `Token` has a member of any type, so comparing `type` alone narrows nothing. */
function isOf<T extends keyof TokenOf>(token: Token, type: T): token is TokenOf[T] {
  return token.type === type;
}

function unknown({ type, raw }: Token, path: string): Error {
  return new Error(`${path}: runbooks hold no ${type} such as ${raw.trim().slice(0, 80)}`);
}
