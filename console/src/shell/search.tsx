import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { answer, api } from '../api/client.ts';
import type { Answer } from '../api/query.ts';
import { useModal } from '../kit/dialog.tsx';
import { ErrorBox, Money, Status, Time } from '../kit/index.ts';

/** A line of the results, from what the API says that matched. */
interface Hit {
  /** What kind of thing matched: `order_reference`, `customer`, ... */
  readonly group: string;
  readonly key: string;
  readonly title: ReactNode;
  readonly detail?: ReactNode;
  readonly status?: string;
  /** A page of the console. */
  readonly href: string;
}

type Found = Answer<'/v1/operator/search'>['data'][number];

/** So long after the last letter is asked. */
const PAUSE_MS = 120;
const SHORTEST = 3;
const MOST_HITS = 20;

/** Any id, typed or pasted: what it belongs to. Arrows choose, Enter opens, Escape closes. */
export function SearchDialog({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const listId = useId();
  const ref = useModal();
  const [, navigate] = useLocation();
  const { hits, query, settledFor } = useHits(text.trim());
  const groups = groupsOf(hits);
  const ordered = groups.flatMap(([, each]) => each);
  /** Enter before the answer is here means its first line, once it is. */
  const [isEnterWaiting, setEnterWaiting] = useState(false);
  const open = (hit: Hit | undefined) => {
    if (hit === undefined) return;
    onClose();
    navigate(hit.href);
  };
  const isSettled = settledFor === text.trim();
  useEffect(() => {
    if (!isEnterWaiting || !isSettled) return;
    setEnterWaiting(false);
    open(ordered[0]);
  });
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && ordered.length > 0) {
      event.preventDefault();
      setChosen((chosen + step + ordered.length) % ordered.length);
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      if (isSettled) open(ordered[chosen]);
      else setEnterWaiting(true);
    }
  };
  return (
    <dialog ref={ref} className="dialog search" aria-label="Search" onClose={onClose}>
      <input
        className="search-input"
        type="text"
        role="combobox"
        aria-label="Search by any id"
        aria-expanded={ordered.length > 0}
        aria-controls={listId}
        aria-activedescendant={ordered[chosen] === undefined ? undefined : `${listId}-${chosen}`}
        aria-autocomplete="list"
        placeholder="Payment, order or provider reference, customer, last four…"
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
          setEnterWaiting(false);
        }}
        onKeyDown={press}
      />
      <HitList id={listId} groups={groups} chosen={ordered[chosen]} onOpen={open} />
      <div className="hits-note" role="status">
        {query.error === null ? (
          noteOf(text.trim(), isSettled, ordered.length)
        ) : (
          <ErrorBox problem={query.error} />
        )}
      </div>
    </dialog>
  );
}

function HitList(props: {
  readonly id: string;
  readonly groups: readonly (readonly [string, readonly Hit[]])[];
  readonly chosen: Hit | undefined;
  readonly onOpen: (hit: Hit) => void;
}) {
  const { id, groups, chosen, onOpen } = props;
  const ordered = groups.flatMap(([, each]) => each);
  return (
    <div id={id} role="listbox" aria-label="Results" className="hits">
      {groups.map(([group, members]) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is no group of options.
        <div key={group} role="group" aria-label={group.replaceAll('_', ' ')}>
          <div className="hits-group" aria-hidden="true">
            {group.replaceAll('_', ' ')}
          </div>
          {members.map((hit) => (
            <HitLine
              key={hit.key}
              id={`${id}-${ordered.indexOf(hit)}`}
              hit={hit}
              isChosen={hit === chosen}
              onOpen={() => onOpen(hit)}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

function noteOf(text: string, isSettled: boolean, count: number): string {
  if (text.length < SHORTEST) return 'Type or paste at least three characters of anything you were given.';
  if (!isSettled) return 'Searching…';
  return count === 0 ? 'Nothing has this id or reference.' : '↑ ↓ to choose, Enter to open';
}

function HitLine(props: {
  readonly id: string;
  readonly hit: Hit;
  readonly isChosen: boolean;
  readonly onOpen: () => void;
}) {
  const { id, hit, isChosen, onOpen } = props;
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isChosen) ref.current?.scrollIntoView({ block: 'nearest' });
  }, [isChosen]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keyboard (aria-activedescendant).
    <div
      ref={ref}
      id={id}
      role="option"
      aria-selected={isChosen}
      tabIndex={-1}
      className="hit"
      onClick={onOpen}
    >
      <span className="hit-title">{hit.title}</span>
      {hit.detail !== undefined && <span className="muted">{hit.detail}</span>}
      {hit.status !== undefined && <Status value={hit.status} />}
    </div>
  );
}

function useHits(text: string) {
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const isLong = asked.length >= SHORTEST;
  const query = useQuery({
    queryKey: ['/v1/operator/search', asked],
    queryFn: async ({ signal }) => {
      const params = { query: { q: asked, limit: MOST_HITS } };
      const { data } = await answer(api.GET('/v1/operator/search', { params, signal }));
      return data.flatMap(hitOf);
    },
    enabled: isLong,
  });
  const hits: readonly Hit[] = isLong && asked === text ? (query.data ?? []) : [];
  return { hits, query, settledFor: query.isFetching ? undefined : asked };
}

function groupsOf(hits: readonly Hit[]): readonly (readonly [string, readonly Hit[]])[] {
  const groups = new Map<string, Hit[]>();
  for (const hit of hits) groups.set(hit.group, [...(groups.get(hit.group) ?? []), hit]);
  return [...groups];
}

/** Where what isn't a payment has its page. */
const PLACES: Readonly<Record<NonNullable<Found['target']>['type'], (id: string) => string>> = {
  exception: (id) => `/queues/exceptions/${encodeURIComponent(id)}`,
  endpoint: (id) => `/queues/webhooks?endpoint=${encodeURIComponent(id)}`,
  customer: (id) => `/payments?customer=${encodeURIComponent(id)}`,
  file: (id) => `/queues/exceptions?file=${encodeURIComponent(id)}`,
};

/** The payment where there is one: its page tells about everything else. */
function hitOf({ matched, value, payment, target }: Found): Hit[] {
  if (payment !== null) {
    const detail = (
      <>
        <Money minor={payment.amount} currency={payment.currency} /> ·{' '}
        <Time at={payment.created_at} relative />
      </>
    );
    const title = value === payment.id ? (payment.reference ?? payment.id) : value;
    const { id, status } = payment;
    return [
      { group: matched, key: `${matched} ${value} ${id}`, title, detail, status, href: `/payments/${id}` },
    ];
  }
  if (target === null) return [];
  const { type, id } = target;
  return [{ group: matched, key: `${matched} ${value}`, title: value, detail: id, href: PLACES[type](id) }];
}
