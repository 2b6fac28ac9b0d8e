import type { ApiKeyOwner, OperatorIdentity } from '../db/settings/index.ts';
import { may, rolesWith } from '../domain/access/roles.ts';
import type { Authenticate } from './auth.ts';
import { refuseOtherSite } from './console/origin.ts';
import type { Session } from './console/sessions.ts';
import type { AuthenticateOperator } from './operator/auth.ts';
import { Problem, problem } from './problems.ts';
import { permissionFor, type Route, type Services } from './route.ts';

/**
 * Who calls, and whether they may. A key goes before a cookie, and what comes with a key has nothing to do with the cookie beside
 * it. Somebody who is signed in reaches operators' routes, and a merchant's by the header `Interlock-Merchant`, which names
 * whom they look at; what they may do there is their role's, as it is with their key.
 */
export interface Known {
  readonly caller?: ApiKeyOwner;
  readonly operator?: OperatorIdentity;
  readonly session?: Session;
}

export type CallerHeaders = Readonly<Record<string, string | undefined>>;

export interface Callers {
  /** Throws the 401 of a key or cookie that is missing or not valid. */
  identify(route: Route, headers: CallerHeaders): Promise<Known>;
  /** Throws where this caller may not do this; answers the merchant that a signed-in person looks at. */
  authorize(route: Route, headers: CallerHeaders, known: Known): Promise<Known>;
  /** Of a stream that has lasted a while: whether its caller may still listen. */
  isStillAllowed(route: Route, headers: CallerHeaders): Promise<boolean>;
  /** Whether it comes by the console's cookie, good or not. */
  isByCookie(headers: CallerHeaders): boolean;
}

/** How each kind of key is known. */
export interface Authenticators {
  readonly merchant: Authenticate;
  readonly operator: AuthenticateOperator;
}

const MERCHANT = /^([\w-]{1,100})\/(test|live)$/;

/**
 * Whether somebody does something, so that their session goes on. What a page reads while nobody is at it says so in this header;
 * a browser's stream connects again by itself; and who only asks who they are does nothing yet.
 */
function isUse({ method, access }: Route, headers: CallerHeaders): boolean {
  if (method !== 'get') return true;
  const isBackground = headers['x-interlock-background'] !== undefined;
  return !isBackground && !(headers.accept ?? '').includes('text/event-stream') && access !== 'session';
}

export function createCallers(services: Services, authenticate: Authenticators): Callers {
  const { access } = services;
  const cookieOf = ({ authorization, cookie }: CallerHeaders) =>
    authorization === undefined || authorization === '' ? access.cookie.read(cookie) : undefined;

  const identifyBy = async (route: Route, headers: CallerHeaders, isUsed: boolean): Promise<Known> => {
    if (route.access === 'public') return {};
    const token = cookieOf(headers);
    if (token !== undefined) {
      const session = await access.sessions.known(token, isUsed);
      const { operatorId, name, role } = session.person;
      return { session, operator: { operatorId, name, role } };
    }
    const { authorization } = headers;
    switch (route.access) {
      case 'session':
        throw problem('session_missing');
      case 'operator':
        return { operator: await authenticate.operator(authorization).catch(askForKey) };
      case 'merchant':
        return { caller: await authenticate.merchant(authorization).catch(askForKey) };
    }
  };

  /** The merchant that a person at the console looks at, who stands in for its key. */
  const lookedAt = async (headers: CallerHeaders, operator: OperatorIdentity): Promise<ApiKeyOwner> => {
    const said = headers['interlock-merchant'];
    if (said === undefined) throw problem('merchant_header_missing');
    const [, merchantId, mode] = MERCHANT.exec(said) ?? [];
    if (merchantId === undefined) throw problem('merchant_header_invalid');
    if ((await services.merchantSettings(merchantId)) === undefined) throw problem('merchant_header_invalid');
    return {
      keyId: `operator:${operator.operatorId}`,
      merchantId,
      mode: mode === 'live' ? 'live' : 'test',
      operator,
    };
  };

  const authorize: Callers['authorize'] = async (route, headers, known) => {
    const { session, operator } = known;
    if (session !== undefined) refuseForged(route, headers, session);
    if (operator === undefined || route.access === 'session') return known;
    refuseForbidden(route, operator);
    if (route.access !== 'merchant') return known;
    return { ...known, caller: await lookedAt(headers, operator) };
  };

  const refuseForged = (route: Route, headers: CallerHeaders, session: Session): void => {
    if (route.method === 'post') {
      refuseOtherSite(headers, access.publicUrl, { mustSay: true });
      if (!access.sessions.isCsrfToken(session, headers['x-csrf-token'])) throw problem('csrf_token_invalid');
    }
    if (session.person.passwordExpired && route.openWhilePasswordExpired !== true) {
      throw problem('password_change_required');
    }
  };

  return {
    identify: (route, headers) => identifyBy(route, headers, isUse(route, headers)),
    authorize,
    isByCookie: (headers) => cookieOf(headers) !== undefined,
    async isStillAllowed(route, headers) {
      try {
        await authorize(route, headers, await identifyBy(route, headers, false));
        return true;
      } catch (error) {
        // Only a word that it may not ends a stream: a database that is away for a moment doesn't.
        return !(error instanceof Problem);
      }
    },
  };
}

function refuseForbidden(route: Route, { role }: OperatorIdentity): void {
  const permission = permissionFor(route);
  if (permission === undefined) throw problem('keys_only');
  if (may(role, permission)) return;
  const roles = rolesWith(permission);
  const message = `This needs the permission ${permission}, which ${roles.join(' and ')} have; your role is ${role}.`;
  throw problem('forbidden', { message, permission, roles });
}

function askForKey(error: unknown): never {
  throw error instanceof Problem && error.httpStatus === 401
    ? error.withHeaders({ 'WWW-Authenticate': 'Bearer' })
    : error;
}
