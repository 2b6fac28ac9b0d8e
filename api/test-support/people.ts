import { randomBytes, randomUUID } from 'node:crypto';
import { hashPassword } from '../../db/settings/index.ts';
import type { Role } from '../../domain/access/roles.ts';
import { type Answer, answerOf, CHEAP, type TestApi } from './harness.ts';

/** Somebody who can sign in, as the table has them. */
export interface TestPerson {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

let count = 0;

export async function addPerson(api: TestApi, role: Role, name = 'Person'): Promise<TestPerson> {
  count += 1;
  const id = `opr_${role}_${count}`;
  const email = `${role}.${count}@people.example`;
  const password = `horse battery ${randomBytes(6).toString('hex')}`;
  await api.sql.query(
    'INSERT INTO operator (id, name, email, role, password_hash) VALUES ($1, $2, $3, $4, $5)',
    [id, name, email, role, await hashPassword(password, CHEAP)],
  );
  return { id, email, password };
}

/** A browser's tab: it keeps the cookie, and says what our own pages say with each request. */
export class Tab {
  readonly #api: TestApi;
  cookie = '';
  csrf = '';

  constructor(api: TestApi) {
    this.#api = api;
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#send('GET', path, undefined, headers);
  }

  /** Headers with an empty text are left out. */
  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const own = {
      'content-type': 'application/json',
      origin: this.#api.url,
      'sec-fetch-site': 'same-origin',
      'x-csrf-token': this.csrf,
      'idempotency-key': randomUUID(),
    };
    return this.#send('POST', path, body, { ...own, ...headers });
  }

  async signIn(
    { email, password }: Omit<TestPerson, 'id'>,
    more: { readonly code?: string } = {},
  ): Promise<Answer> {
    return this.post('/v1/console/sign-in', { email, password, ...more });
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const cookies: Record<string, string> = this.cookie === '' ? {} : { cookie: this.cookie };
    const said = Object.entries({ ...cookies, ...headers }).filter(([, value]) => value !== '');
    const answer = await answerOf(
      await fetch(`${this.#api.url}${path}`, {
        method,
        headers: Object.fromEntries(said),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    const set = answer.headers.get('set-cookie');
    if (set !== null) this.cookie = set.split(';')[0] ?? '';
    if (typeof answer.body?.csrf_token === 'string') this.csrf = answer.body.csrf_token;
    return answer;
  }
}

export async function signedIn(api: TestApi, role: Role): Promise<{ tab: Tab; person: TestPerson }> {
  const person = await addPerson(api, role);
  const tab = new Tab(api);
  const answer = await tab.signIn(person);
  if (answer.status !== 200) throw new Error(`not signed in: ${answer.text}`);
  return { tab, person };
}

/** What the book of refusals says of one request. */
export async function refusalOf(
  api: TestApi,
  answer: Pick<Answer, 'headers'>,
): Promise<Record<string, unknown> | undefined> {
  const { rows } = await api.sql.query(
    'SELECT operator_id, method, path, status, code, detail FROM operator_refusal WHERE request_id = $1',
    [answer.headers.get('request-id')],
  );
  return rows[0];
}

/** The administrators' chain about one person, oldest first. */
export async function actsOn(
  api: TestApi,
  id: string,
): Promise<readonly { action: string; actor: string }[]> {
  const { rows } = await api.sql.query(
    'SELECT action, actor, reason, content FROM admin_audit WHERE subject = $1 ORDER BY sequence',
    [id],
  );
  return rows;
}
