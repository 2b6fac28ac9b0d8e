import type { Judged } from '../../db/settings/index.ts';
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
    const address = access.addressOf(remoteAddress, headers['x-forwarded-for']);
    const person = await access.door.admit(body, { address, log });
    const reply = await signedIn(person, services);
    if (reply === undefined) throw problem('sign_in_refused');
    await access.parts.credentials.note(person.operatorId, 'person.signed_in');
    // The browser forgets that cookie now, and whoever else has it should not go on with it.
    await access.sessions.replace(access.cookie.read(headers.cookie));
    return reply;
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
  async handle({ session, body, log }, services) {
    const { current_password: current, new_password: next } = body;
    const said = passwordProblem(next, session.person);
    if (said !== undefined) throw problem('password_unsuitable', { message: said, param: 'new_password' });
    const { door, parts } = services.access;
    const person = await door.confirm(session.person.operatorId, current, log);
    if (current === next) {
      const message = 'This is the password that is to be changed.';
      throw problem('password_unsuitable', { message, param: 'new_password' });
    }
    const passwordHash = await door.passwords.hash(next);
    const isChanged = await parts.credentials.changePassword(person, passwordHash, parts.settings.now());
    if (!isChanged) throw problem('password_wrong');
    const reply = await signedIn({ ...person, passwordHash }, services);
    if (reply === undefined) throw problem('session_expired');
    return reply;
  },
});

const beginTotp = sessionRoute({
  method: 'post',
  path: '/v1/console/totp',
  operationId: 'consoleBeginTotp',
  summary: 'Begin to use an authenticator app; nothing asks for its codes before one is confirmed',
  body: withPasswordSchema,
  responses: { 200: { description: 'What the app is told, once.', schema: totpSchema } },
  async handle({ session, body, log }, { access, vault }) {
    const person = await access.door.confirm(session.person.operatorId, body.password, log);
    if (person.isTotpConfirmed) throw problem('totp_confirmed_already');
    const secret = newTotpSecret();
    const sealed = vault.sealSecret({ current: secret }, person.operatorId);
    if (!(await access.parts.credentials.beginTotp(person, sealed))) throw problem('password_wrong');
    return { status: 200, body: { object: 'totp', secret, uri: totpUri(secret, person.email) } };
  },
});

const confirmTotp = sessionRoute({
  method: 'post',
  path: '/v1/console/totp/confirm',
  operationId: 'consoleConfirmTotp',
  summary: 'Prove that the app makes the right codes, needed to sign in from now on; other sessions end',
  body: confirmTotpSchema,
  responses: sessionAnswer,
  async handle({ session, body }, { access, vault }) {
    const { credentials, settings } = access.parts;
    const { operatorId } = session.person;
    const person = await credentials.byId(operatorId);
    if (person?.isTotpConfirmed === true) throw problem('totp_confirmed_already');
    if (person?.sealedTotp === undefined) throw problem('totp_not_begun');
    const { sealedTotp } = person;
    const own = { digest: session.digest, nowMs: settings.now() };
    const step = totpStep(vault.openSecret(sealedTotp, operatorId).current, body.code, own.nowMs);
    if (step === undefined || !(await credentials.confirmTotp(operatorId, { step, sealedTotp }, own))) {
      throw problem('code_wrong', { param: 'code' });
    }
    return { status: 200, body: renderSession({ ...session, person: { ...session.person, hasTotp: true } }) };
  },
});

const removeTotp = sessionRoute({
  method: 'post',
  path: '/v1/console/totp/remove',
  operationId: 'consoleRemoveTotp',
  summary: 'Sign in without codes again; other sessions end',
  body: withPasswordSchema,
  responses: sessionAnswer,
  async handle({ session, body, log }, { access }) {
    const { credentials, settings } = access.parts;
    const person = await access.door.confirm(session.person.operatorId, body.password, log);
    const own = { digest: session.digest, nowMs: settings.now() };
    if (!(await credentials.removeTotp(person, own))) throw problem('password_wrong');
    return {
      status: 200,
      body: renderSession({ ...session, person: { ...session.person, hasTotp: false } }),
    };
  },
});

/** Undefined: what was judged is not what they would sign in with now. */
async function signedIn(judged: Judged, { access }: Services): Promise<Reply | undefined> {
  const opened = await access.sessions.open(judged);
  if (opened === undefined) return undefined;
  const { token, session } = opened;
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
