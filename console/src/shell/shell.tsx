import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { openStream, useLiveState } from '../api/live.ts';
import { useMerchant } from '../api/merchant.ts';
import { SESSION_KEY } from '../api/session.tsx';
import {
  AnalyticsIcon,
  MenuIcon,
  OverviewIcon,
  PaymentsIcon,
  PoliciesIcon,
  QueuesIcon,
  SearchIcon,
  SettingsIcon,
} from '../kit/icons.tsx';
import { useKeptSearch } from '../kit/index.ts';
import { AccountMenu } from './account-menu.tsx';
import { Help } from './help.tsx';
import { useShortcuts } from './keys.ts';
import { SearchDialog } from './search.tsx';

/** Where one can go, in the order of the day's work; `key` follows `g`. */
export const PLACES = [
  { href: '/', label: 'Overview', key: 'o', icon: <OverviewIcon /> },
  { href: '/payments', label: 'Payments', key: 'p', icon: <PaymentsIcon /> },
  { href: '/queues', label: 'Queues', key: 'q', icon: <QueuesIcon /> },
  { href: '/analytics', label: 'Analytics', key: 'a', icon: <AnalyticsIcon /> },
  { href: '/policies', label: 'Policies', key: 'r', icon: <PoliciesIcon /> },
  { href: '/settings', label: 'Settings', key: 's', icon: <SettingsIcon /> },
] as const;

type Open = 'search' | 'help' | undefined;

/**
 * What surrounds every page: navigation, search, the merchant that is looked at, who is signed in. `isOver`: the session has ended,
 * and all of this waits unseen until they are back.
 */
export function Shell({ isOver, children }: { readonly isOver: boolean; readonly children: ReactNode }) {
  const [open, setOpen] = useState<Open>();
  const [location, navigate] = useLocation();
  const keep = useKeptSearch();
  const client = useQueryClient();
  useEffect(() => {
    if (isOver) return;
    return openStream({
      refused: () => void client.invalidateQueries({ queryKey: SESSION_KEY }),
      reopened: () => void client.invalidateQueries(),
    });
  }, [client, isOver]);
  useShortcuts(!isOver, {
    search: () => setOpen('search'),
    help: () => setOpen('help'),
    go: (key) => {
      const place = PLACES.find((each) => each.key === key);
      if (place !== undefined) navigate(`${place.href}${keep}`);
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page begins at its top, with nothing open above it.
  useEffect(() => {
    setOpen(undefined);
    window.scrollTo(0, 0);
  }, [location]);
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <Navigation onSearch={() => setOpen('search')} onHelp={() => setOpen('help')} />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      {open === 'search' && <SearchDialog onClose={() => setOpen(undefined)} />}
      {open === 'help' && <Help onClose={() => setOpen(undefined)} />}
    </div>
  );
}

function Navigation({ onSearch, onHelp }: { readonly onSearch: () => void; readonly onHelp: () => void }) {
  const [location] = useLocation();
  const [isOpen, setOpen] = useState(false);
  const keep = useKeptSearch();
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a phone, going somewhere closes the menu.
  useEffect(() => setOpen(false), [location]);
  return (
    <header className={`side${isOpen ? ' side-open' : ''}`}>
      <div className="side-top">
        <Link href={`/${keep}`} className="brand" aria-label="Interlock, overview">
          <img src="/console/icon.svg" alt="" width="20" height="20" /> Interlock
        </Link>
        <button type="button" className="search-button" onClick={onSearch} aria-keyshortcuts="/ Control+K">
          <SearchIcon /> <span>Search</span> <kbd>/</kbd>
        </button>
        <button
          type="button"
          className="menu-button"
          aria-expanded={isOpen}
          aria-controls="menu"
          aria-label="Menu"
          onClick={() => setOpen(!isOpen)}
        >
          <MenuIcon />
        </button>
      </div>
      <div className="side-menu" id="menu">
        <nav aria-label="Main">
          {PLACES.map(({ href, label, icon }) => {
            const isHere =
              href === '/' ? location === '/' : location === href || location.startsWith(`${href}/`);
            return (
              <Link key={href} href={`${href}${keep}`} {...(isHere ? { 'aria-current': 'page' } : {})}>
                {icon} {label}
              </Link>
            );
          })}
        </nav>
        <div className="side-foot">
          <MerchantChooser />
          <LiveIndicator />
          <AccountMenu onHelp={onHelp} />
        </div>
      </div>
    </header>
  );
}

function MerchantChooser() {
  const { merchant, options, choose } = useMerchant();
  const isKnown = merchant === undefined || options.some(({ value }) => value === merchant);
  return (
    <label className="chooser">
      <span>Merchant</span>
      <select
        className="input"
        value={merchant ?? ''}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {!isKnown && <option value={merchant}>{merchant}</option>}
        {options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

const LIVE_WORDS = {
  live: 'Live',
  connecting: 'Connecting…',
  off: 'Not live',
} as const;

function LiveIndicator() {
  const state = useLiveState();
  return (
    <div className={`live live-${state}`} role="status">
      {LIVE_WORDS[state]}
    </div>
  );
}
