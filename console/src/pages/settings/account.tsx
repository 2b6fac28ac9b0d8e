import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { answer, api } from '../../api/client.ts';
import { useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  Card,
  type Confirmed,
  Facts,
  Id,
  Loaded,
  Notice,
  Page,
  personOf,
  Status,
  Time,
  useMay,
} from '../../kit/index.ts';
import type { Account } from './accounts.tsx';
import { ChangeAccount } from './change-account.tsx';
import { ReadOnly, shownJson } from './parts.tsx';
import { SecretsDialog } from './secrets-dialog.tsx';

const PATH = '/v1/operator/accounts/{id}';
const LIST = '/v1/operator/accounts';
type Act = 'toggle' | 'change' | 'secrets' | 'check';

/** One account at a provider: what it is, what of its secrets may be known, and what administrators do with it. */
export default function AccountPage() {
  const { id = '' } = useParams<{ id: string }>();
  const read = useRead(PATH, { params: { path: { id } } });
  return (
    <Page title="Provider account" sub={<Link href="/settings/accounts">All accounts</Link>}>
      <Loaded query={read} skeletonPx={420}>
        {(account) => <Whole account={account} />}
      </Loaded>
    </Page>
  );
}

function Whole({ account }: { readonly account: Account }) {
  const may = useMay('configure');
  const refresh = useRefresh();
  const [act, setAct] = useState<Act>();
  const [checked, setChecked] = useState<{ readonly result: string; readonly detail: string }>();
  const close = () => setAct(undefined);
  const paramsOf = ({ key }: Confirmed) => ({ header: { 'Idempotency-Key': key }, path: { id: account.id } });
  const change = async (body: object, confirmed: Confirmed) => {
    const { reason } = confirmed;
    await answer(api.POST(PATH, { params: paramsOf(confirmed), body: { ...body, reason } }));
    await refresh([PATH, LIST]);
  };
  const check = async (confirmed: Confirmed) => {
    setChecked(await answer(api.POST(`${PATH}/check`, { params: paramsOf(confirmed), body: {} })));
  };
  const verb = account.enabled ? 'Disable' : 'Enable';
  return (
    <>
      <ReadOnly may={may} />
      {checked !== undefined && (
        <Notice tone={checked.result === 'accepted' ? 'good' : 'warn'} alert title={CHECKED[checked.result]}>
          {checked.detail}
        </Notice>
      )}
      <Card
        title={account.provider}
        actions={
          may && (
            <>
              <Button onClick={() => setAct('check')}>Test connection</Button>
              <Button onClick={() => setAct('change')}>Change</Button>
              <Button kind={account.enabled ? 'danger' : 'primary'} onClick={() => setAct('toggle')}>
                {verb}
              </Button>
            </>
          )
        }
      >
        <AccountFacts account={account} />
      </Card>
      <Card
        title="Secrets"
        actions={
          may && (
            <Button kind="primary" onClick={() => setAct('secrets')}>
              Set secrets
            </Button>
          )
        }
      >
        <Facts
          facts={account.secrets.map((secret) => [secret.name, <SecretFact key={secret.name} {...secret} />])}
        />
      </Card>
      {act === 'toggle' && <ToggleDialog account={account} onChange={change} onClose={close} />}
      {act === 'change' && <ChangeAccount account={account} onChange={change} onClose={close} />}
      {act === 'check' && (
        <ActionDialog
          title="Test the connection"
          what="The provider is asked about a reference that nobody has used. Nothing moves."
          reasonRequired={false}
          confirmLabel="Ask"
          onConfirm={check}
          onClose={close}
        />
      )}
      {act === 'secrets' && <SecretsDialog account={account} onClose={close} />}
    </>
  );
}

function ToggleDialog(props: {
  readonly account: Account;
  readonly onChange: (change: object, confirmed: Confirmed) => Promise<unknown>;
  readonly onClose: () => void;
}) {
  const { account, onChange, onClose } = props;
  const verb = account.enabled ? 'Disable' : 'Enable';
  return (
    <ActionDialog
      title={`${verb} this account`}
      what={
        account.enabled
          ? 'No new payment is routed to it. Payments that are there already go on, and its webhooks are still heard.'
          : 'New payments may be routed to it within two seconds.'
      }
      danger={account.enabled}
      confirmLabel={verb}
      onConfirm={(confirmed) => onChange({ enabled: !account.enabled }, confirmed)}
      onClose={onClose}
    />
  );
}

const CHECKED: Readonly<Record<string, string>> = {
  accepted: 'The provider has answered.',
  refused: 'The provider refuses this account.',
  unclear: 'No clear answer.',
  not_supported: 'This can’t be tried.',
};

function AccountFacts({ account }: { readonly account: Account }) {
  return (
    <Facts
      facts={[
        ['State', <Status key="state" value={account.enabled ? 'enabled' : 'disabled'} />],
        ['Id', <Id key="id" value={account.id} />],
        ['Merchant', <Id key="merchant" value={account.merchant} />],
        ['Mode', <Status key="mode" value={account.mode} />],
        ['Address', <code key="address">{account.base_url}</code>],
        ['Webhooks come to', <Id key="webhooks" value={account.webhook_path} />],
        ['Settings', <Json key="settings" value={account.settings} />],
        ['Differs from the catalogue in', <Json key="catalogue" value={account.catalogue} />],
        ['Made', <Time key="made" at={account.created_at} />],
      ]}
    />
  );
}

function Json({ value }: { readonly value: object }) {
  const text = shownJson(value);
  if (text === '') return <span className="muted">nothing</span>;
  return <pre className="settings-details">{text}</pre>;
}

/** Never the secret itself: the API has no way to tell it. */
function SecretFact(secret: Account['secrets'][number]) {
  const { source, set_at: at, set_by: by, fingerprint, required } = secret;
  if (source === null) return required ? <Status value="missing" /> : <span className="muted">not set</span>;
  if (source === 'file' || at === null) return <span>from the secrets file</span>;
  return (
    <span>
      set <Time at={at} relative /> by {personOf(by)} <code title="fingerprint">{fingerprint}</code>
    </span>
  );
}
