import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { expect } from 'vitest';
import { sandboxOptions } from '../../../cli/demo/browser.ts';
import { findChromium } from '../../../cli/demo/chromium.ts';
import { consolePath } from '../../../cli/stack/console-build.ts';
import { hashPassword } from '../../../db/settings/index.ts';
import type { Role } from '../../../domain/access/roles.ts';
import { type System, type SystemOptions, startSystem } from '../../support/system.ts';

/** Where the browser tests work: the whole system with its console, people who may sign in, and a headless Chromium. */
export interface Desk {
  readonly system: System;
  readonly browser: Browser;
  /** A person of this role with a password of their own. */
  hire(role: Role): Promise<Hired>;
  /** A browser of its own (cookies, storage), watched for what must never happen. */
  open(options?: BrowserContextOptions): Promise<Visit>;
  close(): Promise<void>;
}

export interface Hired {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** One browser window, and what went wrong in it. */
export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Console errors, uncaught exceptions and violations of the content security policy, in words. */
  readonly complaints: readonly string[];
  goto(path: string): Promise<void>;
  signIn(person: Hired): Promise<void>;
  /** A request's failure that the test itself brings about is no complaint. */
  forgive(pattern: RegExp): void;
  close(): Promise<void>;
}

export const chromiumFound = await findChromium(process.env);

/** Hashing is not what these tests measure. */
const QUICK = { ln: 4, r: 8, p: 1 } as const;

export async function openDesk(options: SystemOptions = {}): Promise<Desk> {
  if (chromiumFound.type === 'none') throw new Error(chromiumFound.looked);
  // A build that is named is tried as it is; else today's sources are, which the run's beginning has built.
  const { INTERLOCK_CONSOLE_DIR: named } = process.env;
  const system = await startSystem({ ...options, consoleDir: named ?? consolePath() });
  const browser = await chromium.launch({ executablePath: chromiumFound.path, args: sandboxOptions() });
  let hired = 0;
  return {
    system,
    browser,
    async hire(role) {
      hired += 1;
      const id = `opr_${role}_${hired}`;
      const email = `${role}-${hired}@example.test`;
      const password = `correct horse ${role} ${hired}`;
      await system.sql(
        `INSERT INTO operator (id, name, email, role, password_hash) VALUES ($1, $2, $3, $4, $5)`,
        [id, `${role.replace('_', '-')} ${hired}`, email, role, await hashPassword(password, QUICK)],
      );
      return { id, email, password };
    },
    open: (contextOptions = {}) => visit(system.apiUrl, browser, contextOptions),
    async close() {
      await browser.close();
      await system.close();
    },
  };
}

async function visit(baseURL: string, browser: Browser, options: BrowserContextOptions): Promise<Visit> {
  const context = await browser.newContext({ baseURL, viewport: { width: 1280, height: 800 }, ...options });
  const complaints: string[] = [];
  // Looking whether somebody is signed in is answered 401, and the browser's console says so.
  const forgiven: RegExp[] = [/\b401\b.*\/v1\/console\/session/];
  const complain = (text: string) => {
    if (!forgiven.some((pattern) => pattern.test(text))) complaints.push(text);
  };
  context.on('weberror', (error) => complain(`uncaught: ${error.error().message}`));
  context.on('console', (message) => {
    if (message.type() === 'error') complain(`${message.text()} ${message.location().url}`);
  });
  const page = await context.newPage();
  const shown: Visit = {
    context,
    page,
    complaints,
    async goto(path) {
      await page.goto(`/console${path}`);
    },
    async signIn({ email, password }) {
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('#content').waitFor();
    },
    forgive: (pattern) => {
      forgiven.push(pattern);
    },
    close: () => context.close(),
  };
  return shown;
}

/** Asserts that nothing went wrong in a window so far. */
export function expectQuiet({ complaints }: Visit): void {
  expect(complaints).toEqual([]);
}
