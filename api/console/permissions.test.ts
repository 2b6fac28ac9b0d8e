import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { may, PERMISSIONS, ROLES, type Role, rolesWith } from '../../domain/access/roles.ts';
import { waitFor } from '../../test/support/harness.ts';
import { apiRoutes } from '../app.ts';
import { permissionFor, type Route } from '../route.ts';
import { startTestApi, type TestApi } from '../test-support/harness.ts';
import { refusalOf, signedIn, type Tab } from '../test-support/people.ts';

let api: TestApi;
const tabs = new Map<Role, Tab>();
const keys = new Map<Role, string>();

beforeAll(async () => {
  api = await startTestApi();
  for (const role of ROLES) {
    const { tab, person } = await signedIn(api, role);
    const key = `iop_${role}_0123456789abcdef`;
    await api.sql.query('UPDATE operator SET digest = $2 WHERE id = $1', [
      person.id,
      api.vault.keyedDigest(key),
    ]);
    tabs.set(role, tab);
    keys.set(role, key);
  }
});
afterAll(() => api.close());

/** Ids that nobody has: what is allowed finds nothing, or wants a body. */
const pathOf = ({ path }: Route) => path.replace(/:(\w+)/g, (_, name: string) => `${name}_of_nobody`);
const routes = apiRoutes().filter(({ access }) => access === 'operator' || access === 'merchant');

async function ask(route: Route, headers: Readonly<Record<string, string>>) {
  const response = await fetch(`${api.url}${pathOf(route)}`, {
    method: route.method.toUpperCase(),
    headers: {
      'interlock-merchant': 'mer_a/test',
      'idempotency-key': 'one',
      origin: api.url,
      ...(route.streamedBodyBytes === undefined ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(route.method === 'post' ? { body: '{}' } : {}),
  });
  // Of a success nothing is read: a stream's body has no end.
  if (response.ok) await response.body?.cancel();
  const body = response.ok ? {} : ((await response.json()) as { error?: Record<string, unknown> });
  const { error = {} } = body;
  return { status: response.status, headers: response.headers, error, code: String(error.code ?? '') };
}

function byCookie(role: Role): Readonly<Record<string, string>> {
  const tab = tabs.get(role);
  return { cookie: tab?.cookie ?? '', 'x-csrf-token': tab?.csrf ?? '' };
}

describe.each(ROLES)('somebody whose role is %s', (role) => {
  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'at %s',
    async (_name, route) => {
      const answer = await ask(route, byCookie(role));
      const permission = permissionFor(route);
      if (permission === undefined) {
        expect([answer.status, answer.code]).toEqual([403, 'keys_only']);
      } else if (may(role, permission)) {
        expect(answer.code).not.toMatch(/forbidden|keys_only|csrf|origin|session|merchant_header/);
        expect(answer.status).not.toBe(401);
      } else {
        expect([answer.status, answer.error]).toMatchObject([
          403,
          { code: 'forbidden', permission, roles: rolesWith(permission) },
        ]);
        // Of one person only so many a second are written: whoever asks faster than that asks once more.
        const refusal = await waitFor(
          async () =>
            (await refusalOf(api, answer)) ?? (await refusalOf(api, await ask(route, byCookie(role)))),
          { what: 'its refusal to be written', intervalMs: 250 },
        );
        expect(refusal).toMatchObject({ code: 'forbidden', path: pathOf(route) });
      }
    },
  );

  it('may do as much with their key', async () => {
    for (const route of routes.filter(({ access }) => access === 'operator')) {
      const { code } = await ask(route, { authorization: `Bearer ${keys.get(role)}` });
      const permission = permissionFor(route) ?? 'view';
      const isForbidden = code === 'forbidden';
      expect([route.path, isForbidden]).toEqual([route.path, !may(role, permission)]);
    }
  });
});

describe('every route', () => {
  it('that gives a file takes the permission to take figures away', () => {
    const files = apiRoutes().filter(({ method, access, responses }) => {
      const type = responses[200]?.contentType;
      return method === 'get' && access !== 'public' && type !== undefined && type !== 'text/event-stream';
    });
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/v1/ledger/exports', '/v1/operator/analytics/approval.csv']),
    );
    expect(files.filter((route) => permissionFor(route) !== 'export').map(({ path }) => path)).toEqual([]);
  });

  it('says what it takes where a person could change something', () => {
    const unnamed = routes.filter(({ method, permission }) => method === 'post' && permission === undefined);
    for (const route of unnamed) {
      expect(['act', undefined]).toContain(permissionFor(route));
    }
    const changing = routes.filter(({ method }) => method === 'post').map(permissionFor);
    expect(changing).not.toContain('view');
  });

  it('needs a permission that somebody has, and each permission is needed somewhere', () => {
    expect(PERMISSIONS.every((permission) => rolesWith(permission).length > 0)).toBe(true);
    const needed = new Set(routes.map(permissionFor));
    expect(PERMISSIONS.filter((permission) => !needed.has(permission))).toEqual([]);
  });
});
