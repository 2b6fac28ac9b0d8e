import { useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { useRefresh } from '../../api/query.ts';
import { ActionDialog, type Confirmed, personOf, Select } from '../../kit/index.ts';
import type { Account } from './accounts.tsx';
import { SecretFields, type TypedSecrets } from './secret-fields.tsx';

const PATH = '/v1/operator/accounts/{id}/secrets';
const HOURS = [0, 1, 24, 168];

/** What is typed goes in, and what stays empty stays as it is. */
export function SecretsDialog({
  account,
  onClose,
}: {
  readonly account: Account;
  readonly onClose: () => void;
}) {
  const refresh = useRefresh();
  const [secrets, setSecrets] = useState<TypedSecrets>({});
  const [removed, setRemoved] = useState('');
  const [hours, setHours] = useState('24');
  const orders = { ...(removed === '' ? {} : { [removed]: null }), ...secrets };
  const removable = account.secrets.filter(({ source }) => source === 'console');
  const rotates =
    secrets.webhookSecret !== undefined &&
    account.secrets.some(({ name, source }) => name === 'webhookSecret' && source !== null);
  const set = async ({ key, reason }: Confirmed) => {
    await answer(
      api.POST(PATH, {
        params: { header: { 'Idempotency-Key': key }, path: { id: account.id } },
        body: { secrets: orders, previous_webhook_secret_seconds: Number(hours) * 3_600, reason },
      }),
    );
    await refresh(['/v1/operator/accounts/{id}', '/v1/operator/accounts']);
  };
  return (
    <ActionDialog
      title="Set secrets"
      what="They are sealed, hold on every worker within two seconds, and nobody can read them again."
      ready={Object.keys(orders).length > 0}
      confirmLabel="Seal them"
      onConfirm={set}
      onClose={onClose}
    >
      <SecretFields secrets={account.secrets} typed={secrets} saying={sayingOf} onTyped={setSecrets} />
      {removable.length > 0 && (
        <Select
          label="Take one away"
          value={removed}
          options={[
            { value: '', label: 'none' },
            ...removable.map(({ name }) => ({ value: name, label: name })),
          ]}
          onValue={setRemoved}
        />
      )}
      {rotates && (
        <Select
          label="The webhook secret before it is accepted for"
          hint="So that no webhook is lost while the provider changes over."
          value={hours}
          options={HOURS.map((each) => ({
            value: String(each),
            label: each === 0 ? 'no longer' : `${each} h`,
          }))}
          onValue={setHours}
        />
      )}
    </ActionDialog>
  );
}

function sayingOf({ source, set_by: by }: Account['secrets'][number]): string {
  if (source === null) return 'not set';
  return source === 'file' ? 'from the secrets file' : `set by ${personOf(by)}; stays as it is`;
}
