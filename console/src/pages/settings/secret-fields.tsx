import { Field } from '../../kit/index.ts';
import type { Account } from './accounts.tsx';

/** What somebody typed for an account's secrets, by name; what is empty isn't in it. */
export type TypedSecrets = Readonly<Record<string, string>>;

/** Empty fields, always: what is typed goes in, and nothing comes out. What `saying` says stands in an empty one. */
export function SecretFields(props: {
  readonly secrets: Account['secrets'];
  readonly typed: TypedSecrets;
  readonly saying: (secret: Account['secrets'][number]) => string;
  readonly onTyped: (typed: TypedSecrets) => void;
}) {
  const { secrets, typed, saying, onTyped } = props;
  const type = (name: string, text: string) => {
    const { [name]: _before, ...others } = typed;
    onTyped(text === '' ? others : { ...others, [name]: text });
  };
  return secrets.map((secret) => (
    <Field
      key={secret.name}
      label={secret.required ? secret.name : `${secret.name} (optional)`}
      type="password"
      autoComplete="new-password"
      spellCheck={false}
      placeholder={saying(secret)}
      value={typed[secret.name] ?? ''}
      onText={(text) => type(secret.name, text)}
    />
  ));
}
