import { focusManager, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { ApiProblem } from '../api/problem.ts';
import { SESSION_KEY, signIn } from '../api/session.tsx';
import { useModal } from '../kit/dialog.tsx';
import { Button, ErrorBox, Field, Notice } from '../kit/index.ts';

/** The page of whoever isn't signed in yet; it leads to where they wanted to go. */
export function SignIn() {
  const [, navigate] = useLocation();
  const next = new URLSearchParams(useSearch()).get('next');
  // Only to a place of ours: what stands in an address may come from anybody.
  const go = () =>
    navigate(next?.startsWith('/') === true && !next.startsWith('//') ? next : '/', { replace: true });
  return (
    <main className="alone">
      <SignInForm note={next === null ? undefined : 'Sign in to go on where you were.'} onSignedIn={go} />
    </main>
  );
}

/** Above everything, where a session has ended while somebody worked: what they typed waits beneath. */
export function SignInAgain() {
  const ref = useModal(true);
  const client = useQueryClient();
  // What was refused meanwhile is asked for again.
  const go = () => void client.invalidateQueries();
  useEffect(() => {
    // The pages beneath ask for nothing until somebody is back.
    focusManager.setFocused(false);
    return () => focusManager.setFocused(undefined);
  }, []);
  return (
    <dialog
      ref={ref}
      className="again"
      aria-label="Sign in to Interlock"
      onCancel={(event) => event.preventDefault()}
      onClose={() => ref.current?.showModal()}
    >
      <div className="alone">
        <SignInForm
          note="Your session has ended. Sign in to go on where you were: nothing that you typed is lost."
          onSignedIn={go}
        />
      </div>
    </dialog>
  );
}

/** E-mail and password; the code of the second factor where the account has one. */
function SignInForm(props: { readonly note: string | undefined; readonly onSignedIn: () => void }) {
  const { note, onSignedIn } = props;
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [isCodeAsked, setCodeAsked] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const client = useQueryClient();
  useEffect(() => {
    const before = document.title;
    document.title = 'Sign in · Interlock';
    return () => {
      // A page beneath keeps its title; the next page has set its own already.
      if (document.title === 'Sign in · Interlock') document.title = before;
    };
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const session = await signIn({ email, password, ...(isCodeAsked ? { code } : {}) });
      client.setQueryData(SESSION_KEY, session);
      onSignedIn();
    } catch (error) {
      if (error instanceof ApiProblem && error.code === 'code_required') setCodeAsked(true);
      else {
        setProblem(error);
        setCode('');
      }
      setBusy(false);
    }
  };
  return (
    <form className="sign-in" onSubmit={(event) => void submit(event)}>
      <h1>
        <img src="/console/icon.svg" alt="" width="28" height="28" /> Sign in to Interlock
      </h1>
      {note !== undefined && problem === undefined && !isCodeAsked && <Notice tone="info">{note}</Notice>}
      {problem !== undefined && <Refusal problem={problem} />}
      <Field
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        required
        autoFocus
        value={email}
        onText={setEmail}
      />
      <Field
        label="Password"
        type="password"
        name="password"
        autoComplete="current-password"
        required
        value={password}
        onText={setPassword}
      />
      {isCodeAsked && <CodeField value={code} onText={setCode} />}
      <Button type="submit" kind="primary" busy={isBusy}>
        Sign in
      </Button>
    </form>
  );
}

function CodeField({ value, onText }: { readonly value: string; readonly onText: (text: string) => void }) {
  return (
    <Field
      label="Code from your authenticator"
      name="code"
      inputMode="numeric"
      autoComplete="one-time-code"
      pattern="[0-9]{6}"
      maxLength={6}
      required
      autoFocus
      value={value}
      onText={onText}
    />
  );
}

function Refusal({ problem }: { readonly problem: unknown }) {
  if (!(problem instanceof ApiProblem)) return <ErrorBox problem={problem} />;
  if (problem.status === 401 || problem.status === 423) {
    return (
      <Notice tone={problem.status === 423 ? 'warn' : 'bad'} alert>
        {problem.message}
      </Notice>
    );
  }
  return <ErrorBox problem={problem} />;
}
