import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { SESSION_KEY, signOut, useSession } from '../api/session.tsx';
import { ErrorBox } from '../kit/index.ts';
import { THEMES, type Theme, useTheme } from './theme.ts';

const THEME_WORDS: Readonly<Record<Theme, string>> = { system: 'System theme', light: 'Light', dark: 'Dark' };

/** Who is signed in, the theme of this browser, and the way out. */
export function AccountMenu({ onHelp }: { readonly onHelp: () => void }) {
  const { person } = useSession();
  const [theme, setTheme] = useTheme();
  const client = useQueryClient();
  const [problem, setProblem] = useState<unknown>();
  const leave = async () => {
    setProblem(undefined);
    try {
      await signOut();
      client.setQueryData(SESSION_KEY, null);
    } catch (error) {
      // Whoever goes away now would leave an open session behind.
      setProblem(error);
    }
  };
  return (
    <div className="account">
      <Link href="/account" className="who">
        <span>{person.name}</span>
        <span className="muted">{person.role.replaceAll('_', '-')}</span>
      </Link>
      <label className="hidden-text" htmlFor="theme">
        Theme
      </label>
      <select
        id="theme"
        className="input"
        value={theme}
        onChange={(event) => setTheme(THEMES.find((each) => each === event.currentTarget.value) ?? 'system')}
      >
        {THEMES.map((each) => (
          <option key={each} value={each}>
            {THEME_WORDS[each]}
          </option>
        ))}
      </select>
      <div className="row">
        <button type="button" className="quiet" onClick={onHelp}>
          Keys <kbd>?</kbd>
        </button>
        <button type="button" className="quiet" onClick={() => void leave()}>
          Sign out
        </button>
      </div>
      {problem !== undefined && <ErrorBox problem={problem} retry={() => void leave()} />}
    </div>
  );
}
