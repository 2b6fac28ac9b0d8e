import type { Administration } from '../../db/settings/index.ts';

/** What administration needs of rooms that the API may not import; main.ts puts it together. */
export interface AdminParts extends Administration {
  readonly providers: ProviderRules;
  readonly secrets: ProviderSecretStore;
  /** Absent: no anchor is kept where this process could read it. */
  readonly anchor?: AnchorCheck;
}

export interface FormField {
  readonly name: string;
  readonly required: boolean;
  readonly values?: readonly string[];
}

export interface ProviderForm {
  readonly provider: string;
  readonly settings: readonly FormField[];
  readonly secrets: readonly FormField[];
}

export interface FormProblem {
  readonly at: string;
  readonly message: string;
}

export interface CheckedAccount {
  readonly id: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What one harmless question to the provider has shown of an account. */
export interface AccountCheck {
  readonly result: 'accepted' | 'refused' | 'unclear' | 'not_supported';
  readonly detail: string;
}

/** What an account at a provider may be; judged by the adapters' own schemas. */
export interface ProviderRules {
  forms(): readonly ProviderForm[];
  /** Undefined: no such provider. */
  accountProblems(account: Omit<CheckedAccount, 'id'>): readonly FormProblem[] | undefined;
  secretProblems(
    provider: string,
    given: Readonly<Record<string, string>>,
  ): readonly FormProblem[] | undefined;
  /** Why an account may not be at this address while the process runs as it does. */
  addressProblem(baseUrl: string): string | undefined;
  check(account: CheckedAccount): Promise<AccountCheck>;
}

export interface ProviderSecrets {
  readonly values: Readonly<Record<string, string>>;
  readonly previousWebhookSecret?: { readonly value: string; readonly untilMs: number };
}

export interface ProviderSecretStore {
  seal(secrets: ProviderSecrets, accountId: string): Uint8Array<ArrayBuffer>;
  open(sealed: Uint8Array, accountId: string): ProviderSecrets;
  /** What the process works with now, the file's among them. */
  of(accountId: string): Readonly<Record<string, string>> | undefined;
  /** Names of what the process's own file holds. */
  namesInFile(accountId: string): readonly string[];
  /** Has this process see at once what was changed. */
  refresh(): Promise<void>;
}

export interface AnchorCheck {
  findings(): Promise<readonly { readonly owner: string; readonly problem: string }[]>;
}
