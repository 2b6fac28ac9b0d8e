import { Secret, TOTP } from 'otpauth';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/harness.ts';
import { type Desk, expectQuiet, type Visit } from './desk.ts';

/** Getting in, staying in and getting out. */
export function signingIn(desk: () => Desk): void {
  describe('signing in', () => {
    let visit: Visit;
    afterEach(async () => {
      await visit?.close();
    });
    const alert = () => visit.page.getByRole('alert');
    const fill = async (email: string, password: string) => {
      await visit.page.getByLabel('E-mail').fill(email);
      await visit.page.getByLabel('Password').fill(password);
      await visit.page.keyboard.press('Enter');
    };
    const code = (secret: string, atMs: number) =>
      new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: atMs });

    it('leads to the page that was asked for, and shows nothing of it before', async () => {
      const person = await desk().hire('read_only');
      visit = await desk().open();
      await visit.goto('/queues?provider=stripe');
      await visit.page.getByRole('heading', { name: 'Sign in to Interlock' }).waitFor();
      expect(visit.page.url()).toContain('/console/sign-in?next=');
      await visit.signIn(person);
      await visit.page.waitForURL(/\/console\/queues\?provider=stripe/);
      expectQuiet(visit);
    });

    it('goes nowhere else than to a page of the console, whatever the address says', async () => {
      const person = await desk().hire('read_only');
      visit = await desk().open();
      await visit.goto('/sign-in?next=//example.com/');
      await visit.signIn(person);
      expect(visit.page.url()).toMatch(new RegExp(`^${desk().system.apiUrl}/console/?$`));
    });

    it('refuses a wrong password and an unknown e-mail in the same words', async () => {
      const person = await desk().hire('operator');
      visit = await desk().open();
      visit.forgive(/\b401\b/);
      const said: (string | null)[] = [];
      for (const email of [person.email, 'nobody@example.test']) {
        await visit.goto('/');
        await fill(email, 'not the password');
        await alert().waitFor();
        said.push(await alert().textContent());
      }
      expect(said[0]).toMatch(/\w/);
      expect(said[1]).toBe(said[0]);
      expect(await visit.context.cookies()).toEqual([]);
    });

    it('says that an account is locked after too many tries, the right password included', async () => {
      const person = await desk().hire('operator');
      visit = await desk().open();
      visit.forgive(/\b(401|423)\b/);
      await visit.goto('/');
      await waitFor(
        async () => {
          const [answer] = await Promise.all([
            visit.page.waitForResponse(/sign-in$/),
            fill(person.email, 'not the password'),
          ]);
          return answer.status() === 423;
        },
        { what: 'the account to lock' },
      );
      await fill(person.email, person.password);
      await expect.poll(() => alert().textContent()).toMatch(/too many/i);
    });

    it('sets a second factor up by its secret, and asks for its code from then on', async () => {
      const person = await desk().hire('operator');
      visit = await desk().open();
      visit.forgive(/\b401\b/);
      const { page } = visit;
      await visit.goto('/account');
      await visit.signIn(person);
      await page.getByRole('button', { name: 'Set up' }).click();
      await page.getByLabel('Your password').fill(person.password);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByAltText('QR code').waitFor();
      const secret = (await page.getByText(/^[A-Z2-7]{32}$/).textContent()) ?? '';
      await page.getByLabel('Code', { exact: true }).fill(code(secret, Date.now()));
      await page.getByRole('button', { name: 'Confirm' }).click();
      await page.getByText('Signing in asks for a code').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();

      await fill(person.email, person.password);
      await page.getByLabel('Code from your authenticator').fill('000000');
      await page.keyboard.press('Enter');
      await alert().waitFor();
      // The code that confirmed it is spent; an app's clock may be one step ahead.
      await page.getByLabel('Code from your authenticator').fill(code(secret, Date.now() + 30_000));
      await page.keyboard.press('Enter');
      await page.getByRole('navigation', { name: 'Main' }).waitFor();
    });

    it('lets a one-time password do nothing but be replaced', async () => {
      const person = await desk().hire('operator');
      await desk().system.sql('UPDATE operator SET password_expired = true WHERE id = $1', [person.id]);
      visit = await desk().open();
      visit.forgive(/\b403\b/);
      const { page } = visit;
      await visit.goto('/payments');
      await visit.signIn(person);
      await page.getByText('Choose a password of your own.').waitFor();
      await page.getByLabel('Current password').fill(person.password);
      await page.getByLabel('New password').fill('a much better password 7');
      await page.getByRole('button', { name: 'Change password' }).click();
      await page.getByRole('heading', { name: 'Payments', level: 1 }).waitFor();
    });

    it('keeps the place when the session ends, and nothing of what was seen', async () => {
      const person = await desk().hire('operator');
      visit = await desk().open();
      visit.forgive(/\b401\b/);
      await visit.goto('/queues/exceptions?overdue=true');
      await visit.signIn(person);
      await visit.page.getByRole('heading', { level: 1 }).first().waitFor();
      await desk().system.sql('DELETE FROM console_session WHERE operator_id = $1', [person.id]);
      await visit.page.getByRole('heading', { name: 'Sign in to Interlock' }).waitFor();
      await visit.signIn(person);
      await visit.page.waitForURL(/\/console\/queues\/exceptions\?overdue=true/);
    });

    it('ends the session when signing out, on the server too', async () => {
      const person = await desk().hire('operator');
      visit = await desk().open();
      visit.forgive(/\b401\b/);
      await visit.goto('/');
      await visit.signIn(person);
      const cookies = await visit.context.cookies();
      expect(cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toEqual([
        { httpOnly: true, sameSite: 'Strict' },
      ]);
      await visit.page.getByRole('link', { name: 'Queues' }).click();
      await visit.page.waitForURL(/\/console\/queues/);
      await visit.page.getByRole('button', { name: 'Sign out' }).click();
      await visit.page.getByRole('heading', { name: 'Sign in to Interlock' }).waitFor();
      const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
      const again = await fetch(`${desk().system.apiUrl}/v1/console/session`, { headers: { cookie } });
      expect(again.status).toBe(401);
      await visit.page.goBack();
      await visit.page.getByRole('heading', { name: 'Sign in to Interlock' }).waitFor();
    });
  });
}
