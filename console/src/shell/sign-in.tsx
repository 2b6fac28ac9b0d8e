import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { ApiProblem } from '../api/problem.ts';
import { SESSION_KEY, signIn } from '../api/session.tsx';
import { Button, ErrorBox, Field, Notice } from '../kit/index.ts';

/** E-mail and password; the code of the second factor where the account has one. */
export function SignIn() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [isCodeAsked, setCodeAsked] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const next = new URLSearchParams(useSearch()).get('next');
  useEffect(() => {
    document.title = 'Sign in · Interlock';
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const session = await signIn({ email, password, ...(isCodeAsked ? { code } : {}) });
      client.setQueryData(SESSION_KEY, session);
      // Only to a place of ours: what stands in an address may come from anybody.
      navigate(next?.startsWith('/') === true && !next.startsWith('//') ? next : '/', { replace: true });
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
    <main className="alone">
      <form className="sign-in" onSubmit={(event) => void submit(event)}>
        <h1>
          <img src="/console/icon.svg" alt="" width="28" height="28" /> Sign in to Interlock
        </h1>
        {next !== null && problem === undefined && !isCodeAsked && (
          <Notice tone="info">Sign in to go on where you were.</Notice>
        )}
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
    </main>
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
