import { readFileSync } from 'node:fs';
import { resolveCatalogue } from '../../domain/routing/catalogue/index.ts';
import { checkPolicy, type PolicyProblem } from '../../domain/routing/policy/index.ts';
import { UserError } from '../install.mjs';
import { UsageError } from '../verb.ts';

export function readPolicyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * A policy held against itself, without a stack. With accounts its names are judged too, and whether somebody can take
 * each currency, by the providers' lists: what an account's own row changes is known online only.
 */
export function checkOffline(text: string, accounts: string | undefined): readonly PolicyProblem[] {
  const checked = checkPolicy(text, accounts === undefined ? {} : worldOf(accounts));
  return checked.ok ? [] : checked.problems;
}

function worldOf(list: string) {
  const accounts = list.split(',').map((each) => {
    const [id, provider = id, ...more] = each.trim().split(':');
    if (!id || !provider || more.length > 0)
      throw new UsageError('--accounts is a list of providers, or of ids with providers: stripe,pa_eu:adyen');
    return { id, provider };
  });
  return { accounts, catalogue: resolveCatalogue(accounts) };
}
