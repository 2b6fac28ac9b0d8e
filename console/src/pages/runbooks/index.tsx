import { Fragment } from 'react';
import { Link, Route, Switch } from 'wouter';
import { Card, External, Page, useKeptSearch } from '../../kit/index.ts';
import type { Block, Inline, Runbook } from './runbook.ts';
import './runbooks.css';

/** Every page of docs/runbooks, as it was when the console was built. */
const RUNBOOKS = Object.values(
  import.meta.glob<Runbook>('../../../../docs/runbooks/*.md', { eager: true, import: 'default' }),
).sort((a, b) => a.title.localeCompare(b.title));

/** What each alarm means and what to do about it, here because nobody who was woken wants to look for a file. */
export default function Runbooks() {
  return (
    <Switch>
      <Route path="/runbooks/:name">{({ name }) => <One name={name} />}</Route>
      <Route path="/runbooks" component={All} />
    </Switch>
  );
}

function All() {
  const keep = useKeptSearch();
  return (
    <Page title="Runbooks" sub="What each alarm means, where to look first, what to do, and how it ends.">
      <Card flush>
        <ul className="runbook-list">
          {RUNBOOKS.map(({ name, title, alarms }) => (
            <li key={name}>
              <Link href={`/runbooks/${name}${keep}`}>{title}</Link>
              <small className="muted">{alarms.join(', ')}</small>
            </li>
          ))}
        </ul>
      </Card>
    </Page>
  );
}

function One({ name }: { readonly name: string }) {
  const keep = useKeptSearch();
  const found = RUNBOOKS.find((each) => each.name === name);
  if (found === undefined)
    return (
      <Page title="There is no such runbook">
        <p>
          The release that this console is of has none of that name.{' '}
          <Link href={`/runbooks${keep}`}>All runbooks</Link>
        </p>
      </Page>
    );
  return (
    <Page title={found.title}>
      <article className="runbook">
        {found.blocks.map((block, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a page is as it was built, and its blocks have no other name.
          <BlockOf key={index} block={block} />
        ))}
      </article>
    </Page>
  );
}

function BlockOf({ block }: { readonly block: Block }) {
  switch (block.type) {
    case 'section':
      return (
        <h2>
          <Words words={block.words} />
        </h2>
      );
    case 'paragraph':
      return (
        <p>
          <Words words={block.words} />
        </p>
      );
    case 'code':
      return <pre>{block.text}</pre>;
    case 'list': {
      const List = block.ordered ? 'ol' : 'ul';
      return (
        <List>
          {block.items.map((words) => (
            <li key={JSON.stringify(words)}>
              <Words words={words} />
            </li>
          ))}
        </List>
      );
    }
  }
}

function Words({ words }: { readonly words: readonly Inline[] }) {
  return words.map((word, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: as above.
    <Fragment key={index}>
      <Word word={word} />
    </Fragment>
  ));
}

function Word({ word }: { readonly word: Inline }) {
  const keep = useKeptSearch();
  if (typeof word === 'string') return word;
  if (word.type === 'code') return <code>{word.text}</code>;
  const words = <Words words={word.words} />;
  if (word.type === 'em') return <em>{words}</em>;
  if (word.type === 'strong') return <strong>{words}</strong>;
  const { href } = word;
  return href.startsWith('/') ? (
    <Link href={`${href}${keep}`}>{words}</Link>
  ) : (
    <External href={href}>{words}</External>
  );
}
