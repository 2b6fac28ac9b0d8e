import { useState } from 'react';
import { problemOf } from '../../api/problem.ts';
import { ActionDialog, Checkbox, type Confirmed, Field, Notice, TextArea } from '../../kit/index.ts';
import type { Account } from './accounts.tsx';
import { changedOf } from './changed.ts';
import { parsedObject, shownJson } from './parts.tsx';
import { SecretFields, type TypedSecrets } from './secret-fields.tsx';

/**
 * An account's address, settings and place in the catalogue. Whether it moves to another place by that, and so leaves its secrets
 * behind, only the API judges (api/admin/move.ts): its first refusal opens the fields for them, and what was typed stays.
 */
export function ChangeAccount(props: {
  readonly account: Account;
  readonly onChange: (change: object, confirmed: Confirmed) => Promise<unknown>;
  readonly onClose: () => void;
}) {
  const { account, onChange, onClose } = props;
  const [baseUrl, setBaseUrl] = useState(account.base_url);
  const [settings, setSettings] = useState(shownJson(account.settings));
  const [catalogue, setCatalogue] = useState(shownJson(account.catalogue));
  const [moves, setMoves] = useState(false);
  const [typed, setTyped] = useState<TypedSecrets>({});
  const [drops, setDrops] = useState(false);
  /** Secrets are typed for one place: of another, the API says anew whether it asks for them, and none of these goes there. */
  const forget = () => {
    setMoves(false);
    setTyped({});
    setDrops(false);
  };
  const lacking = account.secrets.filter(({ name, source }) => source !== null && typed[name] === undefined);
  const newSettings = parsedObject(settings);
  const newCatalogue = parsedObject(catalogue);
  const form = { base_url: baseUrl.trim(), settings: newSettings, catalogue: newCatalogue };
  const [began] = useState(form);
  const change = async (confirmed: Confirmed) => {
    const dropped = Object.fromEntries(lacking.map(({ name }) => [name, null]));
    const again = moves ? { secrets: { ...typed, ...dropped } } : {};
    try {
      await onChange({ ...changedOf(began, form), ...again }, confirmed);
    } catch (problem) {
      const { param } = problemOf(problem);
      // Of one secret: it is missing, or wrong. Of all: the account stays where it is, and keeps them.
      if (param === 'secrets') forget();
      else if (param?.startsWith('secrets') === true) setMoves(true);
      throw problem;
    }
  };
  return (
    <ActionDialog
      title="Change this account"
      what="It holds within two seconds for what is sent from then on. At another address no secret goes along."
      ready={
        newSettings !== undefined &&
        newCatalogue !== undefined &&
        baseUrl.trim() !== '' &&
        (!moves || drops || lacking.length === 0)
      }
      confirmLabel="Save"
      onConfirm={change}
      onClose={onClose}
    >
      <Field
        label="Address"
        type="url"
        value={baseUrl}
        required
        onText={(text) => {
          setBaseUrl(text);
          forget();
        }}
      />
      <JsonArea
        label="Settings"
        hint="JSON, as the provider’s adapter knows them."
        value={settings}
        onText={(text) => {
          setSettings(text);
          forget();
        }}
      />
      <JsonArea
        label="What differs from the catalogue"
        hint="JSON: fees, limits, countries, the connector’s version."
        value={catalogue}
        onText={setCatalogue}
      />
      {moves && <SecretsAgain {...{ account, typed, drops }} onTyped={setTyped} onDrops={setDrops} />}
    </ActionDialog>
  );
}

function JsonArea(props: {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly onText: (text: string) => void;
}) {
  const isObject = parsedObject(props.value) !== undefined;
  return <TextArea {...props} {...(isObject ? {} : { wrong: 'This is no JSON object.' })} />;
}

function SecretsAgain(props: {
  readonly account: Account;
  readonly typed: TypedSecrets;
  readonly drops: boolean;
  readonly onTyped: (typed: TypedSecrets) => void;
  readonly onDrops: (drops: boolean) => void;
}) {
  const { account, typed, drops, onTyped, onDrops } = props;
  return (
    <>
      <Notice tone="warn" title="The account moves.">
        Give each secret again, as it is at the new address. The old ones are dropped.
      </Notice>
      <SecretFields
        secrets={account.secrets}
        typed={typed}
        saying={({ source }) => (source === null ? 'not set' : 'set; does not go along')}
        onTyped={onTyped}
      />
      <Checkbox label="Drop the ones that are left empty" checked={drops} onChecked={onDrops} />
    </>
  );
}
