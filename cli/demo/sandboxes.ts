import { z } from 'zod';

/** The providers' simulators by their admin servers: the journal that knows what money moved, and faults. */
export const PROVIDERS = ['stripe', 'adyen', 'checkout'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

const lineSchema = z.object({
  kind: z.string(),
  effect: z.string().optional(),
  reference: z.string().nullable(),
  amountMinor: z.number().nullable(),
  currency: z.string().nullable(),
  operationReference: z.string().nullish(),
  providerReference: z.string().optional(),
});

export interface Effect {
  readonly provider: ProviderName;
  readonly effect: string;
  /** Our reference of the attempt, `att_<stem>_<number>`. */
  readonly reference: string;
  /** Of a refund: our reference of the operation. */
  readonly operationReference?: string;
  /** What the provider itself calls it. */
  readonly providerReference?: string;
  readonly amountMinor: number;
  readonly currency: string;
}

export interface Fault {
  readonly operation?: 'any' | 'authorize' | 'capture' | 'void' | 'refund' | 'lookup';
  readonly mode: 'refuse' | 'status';
  readonly status?: number;
}

const dayFields = z.object({ businessDate: z.string() });

const publishedSchema = z.object({
  planted: z.array(z.object({ type: z.string() })),
  /** By settlement currency, in minor units. */
  journal: z.record(z.string(), z.object({ net: z.number(), payouts: z.number() })),
});

export interface PublishedDay {
  readonly planted: readonly { readonly type: string }[];
  /** By settlement currency, in minor units; payouts are negative. */
  readonly totals: Readonly<Record<string, { readonly net: number; readonly payouts: number }>>;
}

export interface Sandboxes {
  effects(): Promise<readonly Effect[]>;
  fault(provider: ProviderName, fault: Fault): Promise<void>;
  /** Ends every fault of all. */
  clearFaults(): Promise<void>;
  /** Publishes what was executed and not settled yet as the file of a business day, spoiled as asked. */
  closeDay(provider: ProviderName, date: string, breaks: readonly string[]): Promise<PublishedDay>;
  closedDays(provider: ProviderName): Promise<readonly string[]>;
  /** What the payouts' bank says of a day, as camt.053. */
  bankStatement(provider: ProviderName, date: string): Promise<string>;
  /** Keeps a provider's webhooks back, or lets them go, with those that were kept. */
  webhooks(provider: ProviderName, mode: 'hold' | 'normal'): Promise<void>;
}

export function connectSandboxes(adminUrls: Readonly<Record<ProviderName, string>>): Sandboxes {
  const call = async (provider: ProviderName, method: string, path: string, body?: object) => {
    const response = await fetch(`${adminUrls[provider]}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${provider} sandbox: ${method} ${path} answered ${response.status}`);
    return (await response.json()) as unknown;
  };
  const effectsOf = async (provider: ProviderName): Promise<Effect[]> => {
    const lines = z.array(lineSchema).parse(await call(provider, 'GET', '/journal'));
    return lines.flatMap((line) => {
      const { kind, effect, reference, amountMinor, currency, operationReference, providerReference } = line;
      if (kind !== 'effect' || effect === undefined) return [];
      if (reference === null || amountMinor === null || currency === null) return [];
      return [
        {
          ...{ provider, effect, reference, amountMinor, currency },
          ...(operationReference == null ? {} : { operationReference }),
          ...(providerReference === undefined ? {} : { providerReference }),
        },
      ];
    });
  };
  return {
    async effects() {
      return (await Promise.all(PROVIDERS.map(effectsOf))).flat();
    },
    async fault(provider, fault) {
      await call(provider, 'POST', '/faults', fault);
    },
    async closeDay(provider, businessDate, breaks) {
      const order = { businessDate, breaks: breaks.map((type) => ({ type })) };
      const { planted, journal } = publishedSchema.parse(await call(provider, 'POST', '/settlement', order));
      return { planted, totals: journal };
    },
    async closedDays(provider) {
      return z
        .array(dayFields)
        .parse(await call(provider, 'GET', '/settlement'))
        .map(({ businessDate }) => businessDate);
    },
    async bankStatement(provider, date) {
      const response = await fetch(`${adminUrls[provider]}/bank/statements/${date}`);
      if (!response.ok) throw new Error(`${provider} sandbox: its bank answered ${response.status}`);
      return response.text();
    },
    async webhooks(provider, mode) {
      await call(provider, 'POST', '/webhooks', { mode });
      if (mode === 'normal') await call(provider, 'POST', '/webhooks/release', { order: 'fifo' });
    },
    async clearFaults() {
      await Promise.all(PROVIDERS.map((provider) => call(provider, 'DELETE', '/faults')));
    },
  };
}
