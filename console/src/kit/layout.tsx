import { type ReactNode, useEffect } from 'react';
import { Link, useLocation, useSearch } from 'wouter';

/** A page: its title (also the tab's), what can be done with the whole of it, its content. */
export function Page(props: {
  readonly title: string;
  readonly sub?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  const { title, sub, actions, children } = props;
  useEffect(() => {
    document.title = `${title} · Interlock`;
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {sub !== undefined && <div className="sub">{sub}</div>}
        </div>
        {actions !== undefined && <div className="row">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page. `flush`: its content (a table) reaches its edges. */
export function Card(props: {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  readonly flush?: boolean;
  readonly children: ReactNode;
}) {
  const { title, actions, flush = false, children } = props;
  return (
    <section className="card">
      {(title !== undefined || actions !== undefined) && (
        <div className="card-head">
          <h2>{title}</h2>
          {actions !== undefined && <div className="row">{actions}</div>}
        </div>
      )}
      <div className={flush ? 'card-flush' : 'card-body'}>{children}</div>
    </section>
  );
}

export interface Tab {
  readonly href: string;
  readonly label: ReactNode;
  /** Exactly this address, not what lies below it. */
  readonly exact?: boolean;
}

/** Links that look like tabs: each is an address of its own. The chosen merchant goes along. */
export function Tabs({ label, tabs }: { readonly label: string; readonly tabs: readonly Tab[] }) {
  const [location] = useLocation();
  const keep = useKeptSearch();
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ href, label: text, exact = false }) => {
        const isHere = location === href || (!exact && location.startsWith(`${href}/`));
        return (
          <Link key={href} href={`${href}${keep}`} {...(isHere ? { 'aria-current': 'page' } : {})}>
            {text}
          </Link>
        );
      })}
    </nav>
  );
}

/** `?merchant=...` of the current address, for a link that stays with the merchant; `''` where none is chosen. */
export function useKeptSearch(): string {
  const merchant = new URLSearchParams(useSearch()).get('merchant');
  return merchant === null ? '' : `?merchant=${encodeURIComponent(merchant).replace('%2F', '/')}`;
}

/** Pairs of a name and a value. What has no value is left out. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  const present = facts.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return (
    <dl className="facts">
      {present.map(([name, value]) => (
        <FactPair key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function FactPair({ name, value }: { readonly name: string; readonly value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** One figure. With `href` the whole of it is a link to what lies behind. */
export function Stat(props: {
  readonly label: string;
  readonly value: ReactNode;
  readonly hint?: ReactNode;
  readonly href?: string;
}) {
  const { label, value, hint, href } = props;
  const content = (
    <>
      <span className="label">{label}</span>
      <span className="value">{value}</span>
      <span className="hint">{hint}</span>
    </>
  );
  if (href === undefined) return <div className="stat">{content}</div>;
  return (
    <Link href={href} className="stat">
      {content}
    </Link>
  );
}
