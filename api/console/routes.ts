import { passwordProblem } from '../../domain/access/passwords.ts';
import { permissionsOf } from '../../domain/access/roles.ts';
import { problem } from '../problems.ts';
import { publicRoute, type Reply, type Route, type Services, sessionRoute } from '../route.ts';
import { refuseOtherSite } from './origin.ts';
import { peopleRoutes } from './people.ts';
import {
  changePasswordSchema,
  confirmTotpSchema,
  sessionSchema,
  signedOutSchema,
  signInSchema,
  totpSchema,
  withPasswordSchema,
} from './schema.ts';
import type { Session } from './sessions.ts';
import { newTotpSecret, totpStep, totpUri } from './totp.ts';

const sessionAnswer = {
  200: { description: 'Who is signed in, and what they may do.', schema: sessionSchema },
};

const signIn = publicRoute({
  method: 'post',
  path: '/v1/console/sign-in',
  operationId: 'consoleSignIn',
  summary: 'Sign in to the console; the session is a cookie',
  audited: true,
  body: signInSchema,
  responses: sessionAnswer,
  async handle({ body, headers, remoteAddress, log }, services) {
    const { access } = services;
    // A cookie that another site makes a browser take would sign its owner in as somebody else.
    refuseOtherSite(headers, access.publicUrl, { mustSay: false });
    const operatorId = await access.door.admit(body, { address: remoteAddress, log });
    return signedIn(operatorId, services);
  },
});

const getSession = sessionRoute({
  method: 'get',
  path: '/v1/console/session',
  operationId: 'consoleSession',
  summary: 'Who is signed in, and what they may do',
  openWhilePasswordExpired: true,
  responses: sessionAnswer,
  handle: async ({ session }) => ({ status: 200, body: renderSession(session) }),
});

const signOut = sessionRoute({
  method: 'post',
  path: '/v1/console/sign-out',
  operationId: 'consoleSignOut',
  summary: 'End the session',
  openWhilePasswordExpired: true,
  responses: { 200: { description: 'It is over.', schema: signedOutSchema } },
  async handle({ session, receivedAtMs }, { access }) {
    await access.parts.sessions.revoke(session.digest, 'signed_out', receivedAtMs);
    await access.parts.credentials.note(session.person.operatorId, 'person.signed_out');
    return {
      status: 200,
      body: { object: 'console_session', signed_out: true },
      headers: { 'Set-Cookie': access.cookie.clear() },
    };
  },
});

const changePassword = sessionRoute({
  method: 'post',
  path: '/v1/console/password',
  operationId: 'consoleChangePassword',
  summary: "Change one's own password; every session of one's own ends, and this one begins anew",
  openWhilePasswordExpired: true,
  body: changePasswordSchema,
  responses: sessionAnswer,
  async handle({ session: { person }, body, log }, services) {
    const { current_password: current, new_password: next } = body;
    const said = passwordProblem(next, person);
    if (said !== undefined) throw problem('password_unsuitable', { message: said, param: 'new_password' });
    const { door, parts } = services.access;
    await door.confirm(person.operatorId, current, log);
    if (current === next) {
      const message = 'This is the password that is to be changed.';
      throw problem('password_unsuitable', { message, param: 'new_password' });
    }
    const hash = await door.passwords.hash(next);
    await parts.credentials.changePassword(person.operatorId, hash, parts.settings.now());
    return signedIn(person.operatorId, services);
  },
});

const beginTotp = sessionRoute({
  method: 'post',
  path: '/v1/console/totp',
  operationId: 'consoleBeginTotp',
  summary: 'Begin to use an authenticator app; nothing asks for its codes before one is confirmed',
  body: withPasswordSchema,
  responses: { 200: { description: 'What the app is told, once.', schema: totpSchema } },
  async handle({ session: { person }, body, log }, { access, vault }) {
    const { email, isTotpConfirmed } = await access.door.confirm(person.operatorId, body.password, log);
    if (isTotpConfirmed) throw problem('totp_confirmed_already');
    const secret = newTotpSecret();
    const sealed = vault.sealSecret({ current: secret }, person.operatorId);
    await access.parts.credentials.beginTotp(person.operatorId, sealed);
    return { status: 200, body: { object: 'totp', secret, uri: totpUri(secret, email) } };
  },
});

const confirmTotp = sessionRoute({
  method: 'post',
  path: '/v1/console/totp/confirm',
  operationId: 'consoleConfirmTotp',
  summary: 'Prove that the app makes the right codes; from now on they are needed to sign in',
  body: confirmTotpSchema,
  responses: sessionAnswer,
  async handle({ session, body }, { access, vault }) {
    const { credentials, settings } = access.parts;
    const { operatorId } = session.person;
    const person = await credentials.byId(operatorId);
    if (person?.isTotpConfirmed === true) throw problem('totp_confirmed_already');
    if (person?.sealedTotp === undefined) throw problem('totp_not_begun');
    const nowMs = settings.now();
    const step = totpStep(vault.openSecret(person.sealedTotp, operatorId).current, body.code, nowMs);
    if (step === undefined || !(await credentials.confirmTotp(operatorId, step, nowMs))) {
      throw problem('code_wrong', { param: 'code' });
    }
    return { status: 200, body: renderSession({ ...session, person: { ...session.person, hasTotp: true } }) };
  },
});

const removeTotp = sessionRoute({
  method: 'post',
  path: '/v1/console/totp/remove',
  operationId: 'consoleRemoveTotp',
  summary: 'Sign in without codes again',
  body: withPasswordSchema,
  responses: sessionAnswer,
  async handle({ session, body, log }, { access }) {
    const { operatorId } = session.person;
    await access.door.confirm(operatorId, body.password, log);
    await access.parts.credentials.removeTotp(operatorId, access.parts.settings.now());
    return {
      status: 200,
      body: renderSession({ ...session, person: { ...session.person, hasTotp: false } }),
    };
  },
});

async function signedIn(operatorId: string, { access }: Services): Promise<Reply> {
  const { token, session } = await access.sessions.open(operatorId);
  return {
    status: 200,
    body: renderSession(session),
    headers: { 'Set-Cookie': access.cookie.set(token) },
  };
}

function renderSession({ person, csrfToken, endsAtMs }: Session): object {
  return {
    object: 'console_session',
    person: {
      id: person.operatorId,
      name: person.name,
      email: person.email ?? null,
      role: person.role,
      permissions: [...permissionsOf(person.role)],
      totp: person.hasTotp,
      password_change_required: person.passwordExpired,
    },
    csrf_token: csrfToken,
    expires_at: new Date(endsAtMs).toISOString(),
  };
}

export const consoleRoutes: readonly Route[] = [
  signIn,
  getSession,
  signOut,
  changePassword,
  beginTotp,
  confirmTotp,
  removeTotp,
  ...peopleRoutes,
];
