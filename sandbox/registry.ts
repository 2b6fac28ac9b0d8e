// The simulators that exist: a line each, and what one is started with where nothing else is said. What a
// simulator is and can do stands in its own folder; nothing else here may know one from another.
import { ADYEN_DEFAULTS, createAdyen } from './adyen/index.ts';
import { CHECKOUT_DEFAULTS, createCheckout } from './checkout/index.ts';
import type { Kernel } from './kernel.ts';
import type { ProviderOptions, ProviderSimulator } from './provider.ts';
import { createStripe, STRIPE_DEFAULTS } from './stripe/index.ts';

export interface SimulatorDefaults {
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** Whose simulator it is: Adyen's merchant account, Stripe's account id. */
  readonly merchantAccount: string;
}

export interface SimulatorDefinition {
  readonly create: (kernel: Kernel, options: ProviderOptions) => ProviderSimulator;
  readonly defaults: SimulatorDefaults;
}

export const SIMULATORS = {
  stripe: { create: createStripe, defaults: STRIPE_DEFAULTS },
  adyen: { create: createAdyen, defaults: ADYEN_DEFAULTS },
  checkout: { create: createCheckout, defaults: CHECKOUT_DEFAULTS },
  // ./interlock new:provider adds a line above this one.
} as const satisfies Readonly<Record<string, SimulatorDefinition>>;

export type ProviderName = keyof typeof SIMULATORS;

export const PROVIDER_NAMES = Object.keys(SIMULATORS) as readonly ProviderName[];
