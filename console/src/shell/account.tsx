import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { renderSVG } from 'uqr';
import { answer, api } from '../api/client.ts';
import { SESSION_KEY, useSession } from '../api/session.tsx';
import { Button, Card, CopyButton, Dialog, ErrorBox, Facts, Field, Notice, Page } from '../kit/index.ts';

/** One's own sign-in: the password and the second factor. Shown alone while a one-time password has to be replaced. */
export function Account() {
  const { person } = useSession();
  return (
    <Page title="Your account" sub="How you sign in. Changes are kept in the audit log.">
      {person.password_change_required && (
        <Notice tone="warn" title="Choose a password of your own.">
          The one you signed in with works once.
        </Notice>
      )}
      <Card title="You">
        <Facts
          facts={[
            ['Name', person.name],
            ['E-mail', person.email],
            ['Role', person.role.replaceAll('_', '-')],
            ['May', person.permissions.map((each) => each.replaceAll('_', ' ')).join(', ')],
          ]}
        />
      </Card>
      <div className="grid-2">
        <Password />
        {!person.password_change_required && <SecondFactor />}
      </div>
    </Page>
  );
}

/** Sends a change of the account; what the API refuses stays to be shown. */
function useAccountChange() {
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const change = async (send: () => Promise<unknown>): Promise<unknown> => {
    setBusy(true);
    setProblem(undefined);
    try {
      return await send();
    } catch (error) {
      setProblem(error);
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { problem, isBusy, change };
}

/** Looks at the session again, which says what is so now. */
function useSessionRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: SESSION_KEY });
}

function Password() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [isDone, setDone] = useState(false);
  const { problem, isBusy, change } = useAccountChange();
  const refresh = useSessionRefresh();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setDone(false);
    const answered = await change(() =>
      answer(api.POST('/v1/console/password', { body: { current_password: current, new_password: next } })),
    );
    if (answered === undefined) return;
    setCurrent('');
    setNext('');
    setDone(true);
    await refresh();
  };
  return (
    <Card title="Password">
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <Field
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onText={setCurrent}
        />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          hint="At least 12 characters."
          minLength={12}
          required
          value={next}
          onText={setNext}
        />
        {problem !== undefined && <ErrorBox problem={problem} />}
        {isDone && (
          <Notice tone="good" alert>
            The password is changed. Your other sessions are signed out.
          </Notice>
        )}
        <div className="row">
          <Button type="submit" kind="primary" busy={isBusy}>
            Change password
          </Button>
        </div>
      </form>
    </Card>
  );
}

function SecondFactor() {
  const { person } = useSession();
  const [open, setOpen] = useState<'totp' | 'totp/remove'>();
  const [begun, setBegun] = useState<BegunTotp>();
  const refresh = useSessionRefresh();
  return (
    <Card title="Second factor">
      <div className="stack">
        {person.totp ? (
          <Notice tone="good">Signing in asks for a code of your authenticator.</Notice>
        ) : (
          <p className="muted">
            A code of an authenticator app (TOTP), asked for beside the password. Whoever moves money should
            have one.
          </p>
        )}
        {begun !== undefined && !person.totp && <ConfirmTotp begun={begun} />}
        <div className="row">
          {person.totp && (
            <Button kind="danger" onClick={() => setOpen('totp/remove')}>
              Remove
            </Button>
          )}
          {!person.totp && begun === undefined && <Button onClick={() => setOpen('totp')}>Set up</Button>}
        </div>
        {open !== undefined && (
          <WithPassword
            path={open}
            onDone={(answered) => {
              if (open === 'totp' && isBegun(answered)) setBegun(answered);
              else {
                setBegun(undefined);
                void refresh();
              }
            }}
            onClose={() => setOpen(undefined)}
          />
        )}
      </div>
    </Card>
  );
}

interface BegunTotp {
  readonly secret: string;
  readonly uri: string;
}

function isBegun(value: unknown): value is BegunTotp {
  return typeof value === 'object' && value !== null && 'uri' in value && 'secret' in value;
}

/** The secret as a picture and as text; it is shown now and never again. */
function ConfirmTotp({ begun: { secret, uri } }: { readonly begun: BegunTotp }) {
  const picture = `data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(uri, { border: 2 }))}`;
  const [code, setCode] = useState('');
  const { problem, isBusy, change } = useAccountChange();
  const refresh = useSessionRefresh();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answered = await change(() => answer(api.POST('/v1/console/totp/confirm', { body: { code } })));
    if (answered !== undefined) await refresh();
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <p>Scan this with your authenticator, or type the secret, then enter the code that it shows.</p>
      <img className="qr" src={picture} alt="QR code of the secret below" width="176" height="176" />
      <span className="id">
        <span>{secret}</span>
        <CopyButton value={secret} />
      </span>
      <Field
        label="Code"
        inputMode="numeric"
        autoComplete="one-time-code"
        pattern="[0-9]{6}"
        maxLength={6}
        required
        value={code}
        onText={setCode}
      />
      {problem !== undefined && <ErrorBox problem={problem} />}
      <div className="row">
        <Button type="submit" kind="primary" busy={isBusy}>
          Confirm
        </Button>
      </div>
    </form>
  );
}

const WITH_PASSWORD = {
  totp: { title: 'Set up a second factor', label: 'Go on' },
  'totp/remove': { title: 'Remove the second factor', label: 'Remove' },
} as const;

/** Whoever finds an unlocked screen must not change how its owner signs in: the password is asked for again. */
function WithPassword(props: {
  readonly path: keyof typeof WITH_PASSWORD;
  readonly onDone: (answered: unknown) => void;
  readonly onClose: () => void;
}) {
  const { path, onDone, onClose } = props;
  const { title, label } = WITH_PASSWORD[path];
  const [password, setPassword] = useState('');
  const { problem, isBusy, change } = useAccountChange();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answered = await change(() => answer(api.POST(`/v1/console/${path}`, { body: { password } })));
    if (answered === undefined) return;
    onDone(answered);
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="bare" onSubmit={(event) => void submit(event)}>
        <Field
          label="Your password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onText={setPassword}
        />
        {problem !== undefined && <ErrorBox problem={problem} />}
        <div className="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={path === 'totp/remove' ? 'danger' : 'primary'} busy={isBusy}>
            {label}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
