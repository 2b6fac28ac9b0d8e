import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Proxies of one's own in front of the API. */
export interface ProxySettings {
  /** Addresses and CIDRs, whose `X-Forwarded-For` is believed. Absent: nobody's is. */
  trustedProxies?: readonly string[];
}

export const proxyVariables = {
  INTERLOCK_TRUSTED_PROXIES: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine(
      (parts) => parts.every((part) => ipaddr.isValidCIDR(part) || isAddress(part)),
      'must be addresses or CIDRs with commas between them, such as 10.0.0.0/8,fd00::1',
    )
    .optional(),
};

export function proxiesOf(env: {
  readonly INTERLOCK_TRUSTED_PROXIES?: readonly string[] | undefined;
}): ProxySettings {
  const { INTERLOCK_TRUSTED_PROXIES: trustedProxies } = env;
  return trustedProxies === undefined ? {} : { trustedProxies };
}

/** Not the short forms of IPv4 that only some programs read, such as `10.1`. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}
