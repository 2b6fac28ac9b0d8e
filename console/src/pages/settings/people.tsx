import { useMemo, useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import {
  ActionDialog,
  Button,
  Card,
  type Confirmed,
  columnsOf,
  DataTable,
  ErrorBox,
  Field,
  Page,
  Select,
  Status,
  Time,
} from '../../kit/index.ts';
import { type Told, ToldOnce } from './parts.tsx';

const PATH = '/v1/operator/people';
type Person = Answer<typeof PATH>['data'][number];
type Role = Person['role'];
type Act = 'role' | 'disable' | 'enable' | 'unlock' | 'password' | 'totp' | 'key';
type Open = { readonly act: Act; readonly person: Person };

const ROLES: readonly { readonly value: Role; readonly label: string }[] = [
  { value: 'read_only', label: 'read only: sees payments, cases and figures' },
  { value: 'analyst', label: 'analyst: also exports and drafts policies' },
  { value: 'operator', label: 'operator: also commands payments and moves policies' },
  { value: 'admin', label: 'admin: also sets everything up' },
];

/** Who works here and what they may do. Whoever is disabled or has another role is signed out at once. */
export default function People() {
  const read = useRead(PATH);
  const refresh = useRefresh();
  const [open, setOpen] = useState<Open | 'new'>();
  const [told, setTold] = useState<Told>();
  const columns = useMemo(() => [...COLUMNS, actColumn(setOpen)], []);
  const close = () => setOpen(undefined);
  const change = async (person: Person, body: object, { key, reason }: Confirmed) => {
    const params = { header: { 'Idempotency-Key': key }, path: { id: person.id } };
    const changed = await answer(api.POST(`${PATH}/{id}`, { params, body: { ...body, reason } }));
    await refresh([PATH]);
    tellPassword(changed);
  };
  const tellPassword = ({ name, one_time_password: value }: Person) => {
    if (value !== undefined)
      setTold({
        title: `The one-time password of ${name}`,
        value,
        lost: 'Give it to them in person. They must change it when they sign in.',
      });
  };
  return (
    <Page
      title="People"
      sub="Who may sign in, as what, and with which proof."
      actions={
        <Button kind="primary" onClick={() => setOpen('new')}>
          Add somebody
        </Button>
      }
    >
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <DataTable
          label="People, by name"
          columns={columns}
          rows={read.data?.data}
          rowId={({ id }) => id}
          empty="Nobody yet."
        />
      </Card>
      {open === 'new' && <NewPerson onMade={tellPassword} onClose={close} />}
      {open !== undefined && open !== 'new' && <ChangePerson open={open} onChange={change} onClose={close} />}
      {told !== undefined && <ToldOnce told={told} onClose={() => setTold(undefined)} />}
    </Page>
  );
}

function NewPerson(props: { readonly onMade: (made: Person) => void; readonly onClose: () => void }) {
  const refresh = useRefresh();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('read_only');
  const make = async ({ key, reason }: Confirmed) => {
    const body = { name: name.trim(), email: email.trim(), role, reason };
    const made = await answer(api.POST(PATH, { params: { header: { 'Idempotency-Key': key } }, body }));
    await refresh([PATH]);
    props.onMade(made);
  };
  return (
    <ActionDialog
      title="Add somebody"
      what="They get a one-time password, which you give to them."
      ready={name.trim() !== '' && email.includes('@')}
      confirmLabel="Add"
      onConfirm={make}
      onClose={props.onClose}
    >
      <Field label="Name" value={name} maxLength={100} required onText={setName} />
      <Field label="E-mail" type="email" value={email} required onText={setEmail} />
      <RoleSelect role={role} onRole={setRole} />
    </ActionDialog>
  );
}

function RoleSelect({ role, onRole }: { readonly role: Role; readonly onRole: (role: Role) => void }) {
  return (
    <Select
      label="Role"
      value={role}
      options={ROLES}
      onValue={(value) => onRole(ROLES.find((each) => each.value === value)?.value ?? role)}
    />
  );
}

const WORDS: Readonly<
  Record<Act, { readonly title: string; readonly what: string; readonly danger?: true }>
> = {
  role: { title: 'Change the role of', what: 'They are signed out and have to sign in again.' },
  disable: {
    title: 'Disable',
    what: 'They are signed out at once, and their key opens nothing.',
    danger: true,
  },
  enable: { title: 'Enable', what: 'They may sign in again.' },
  unlock: { title: 'Unlock', what: 'Their failed sign-ins are forgotten.' },
  password: {
    title: 'Reset the password of',
    what: 'The old one ends. They get a one-time password, which you give to them.',
    danger: true,
  },
  totp: {
    title: 'Take the authenticator from',
    what: 'Their codes end; they set up another one.',
    danger: true,
  },
  key: {
    title: 'Revoke the key of',
    what: 'It opens nothing any more, within two seconds. They may still sign in here.',
    danger: true,
  },
};

function ChangePerson(props: {
  readonly open: Open;
  readonly onChange: (person: Person, body: object, confirmed: Confirmed) => Promise<unknown>;
  readonly onClose: () => void;
}) {
  const { act, person } = props.open;
  const [role, setRole] = useState(person.role);
  const { title, what, danger = false } = WORDS[act];
  const bodies: Readonly<Record<Act, object>> = {
    role: { role },
    disable: { disabled: true },
    enable: { disabled: false },
    unlock: { unlock: true },
    password: { reset_password: true },
    totp: { reset_totp: true },
    key: { revoke_key: true },
  };
  return (
    <ActionDialog
      title={`${title} ${person.name}`}
      what={what}
      danger={danger}
      ready={act !== 'role' || role !== person.role}
      onConfirm={(confirmed) => props.onChange(person, bodies[act], confirmed)}
      onClose={props.onClose}
    >
      {act === 'role' && <RoleSelect role={role} onRole={setRole} />}
    </ActionDialog>
  );
}

const column = columnsOf<Person>();
const COLUMNS = column.columns([
  column.accessor('name', { header: 'Name' }),
  column.accessor('email', { header: 'E-mail', cell: ({ getValue }) => getValue() ?? 'key only' }),
  column.accessor('role', { header: 'Role', cell: ({ getValue }) => <Status value={getValue()} /> }),
  column.display({
    id: 'proof',
    header: 'Signs in with',
    cell: ({ row: { original } }) => proofOf(original).join(', ') || 'nothing',
  }),
  column.display({
    id: 'state',
    header: 'State',
    cell: ({ row: { original } }) => <Status value={stateOf(original)} />,
  }),
  column.accessor('last_seen_at', {
    header: 'Last seen',
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? 'never' : <Time at={at} relative />;
    },
  }),
]);

function stateOf({ disabled_at: disabled, locked_until: locked }: Person): string {
  return disabled !== null ? 'disabled' : locked !== null ? 'locked' : 'active';
}

function proofOf({ password, totp, api_key: key }: Person): string[] {
  return [
    ...(password === 'none' ? [] : [password === 'one_time' ? 'one-time password' : 'password']),
    ...(totp ? ['authenticator'] : []),
    ...(key ? ['key'] : []),
  ];
}

function actColumn(onOpen: (open: Open) => void) {
  return column.display({
    id: 'act',
    header: () => <span className="hidden-text">Act</span>,
    cell: ({ row: { original: person } }) => (
      <div className="settings-act">
        <Select
          label={<span className="hidden-text">Act on {person.name}</span>}
          value=""
          options={[{ value: '', label: 'Act…' }, ...actsOn(person)]}
          onValue={(value) => {
            const act = actsOn(person).find((each) => each.value === value)?.value;
            if (act !== undefined) onOpen({ act, person });
          }}
        />
      </div>
    ),
  });
}

function actsOn(person: Person): readonly { readonly value: Act; readonly label: string }[] {
  const isOff = person.disabled_at !== null;
  return [
    { value: 'role', label: 'Change role' },
    ...(person.locked_until === null ? [] : [{ value: 'unlock' as const, label: 'Unlock' }]),
    ...(person.email === null ? [] : [{ value: 'password' as const, label: 'Reset password' }]),
    ...(person.totp ? [{ value: 'totp' as const, label: 'Reset authenticator' }] : []),
    ...(person.api_key ? [{ value: 'key' as const, label: 'Revoke key' }] : []),
    isOff ? { value: 'enable', label: 'Enable' } : { value: 'disable', label: 'Disable' },
  ];
}
