import ipaddr from 'ipaddr.js';

/**
 * Where webhooks may be sent: only to what is routed publicly, because the merchant chooses the address and we are
 * inside the walls. The URL is judged when it is given, and every address that its name resolves to at each connect.
 */
export type TargetRefusal = 'not_http' | 'credentials' | 'port' | 'address';

export interface TargetRules {
  /** For sandboxes: addresses of this machine and its network may be called too. */
  readonly privateTargets: boolean;
}

/** The only part of IPv6 that is given out for public use (RFC 4291, IANA's registry). */
const PUBLIC_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** Publicly numbered, but answered by the machine's own host: Azure's. */
const METADATA = ['168.63.129.16'];

/** Also every form in which IPv6 carries an IPv4 address: mapped, NAT64, 6to4, Teredo. */
export function isForbiddenAddress(address: string): boolean {
  // A zone (fe80::1%eth0) belongs to addresses that are not public anyway.
  if (!ipaddr.isValid(address)) return true;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return true;
  return parsed instanceof ipaddr.IPv6 ? !parsed.match(PUBLIC_IPV6) : METADATA.includes(parsed.toString());
}

/** What is wrong with a URL, as far as it says so itself; undefined: nothing. */
export function judgeTarget(url: string, { privateTargets }: TargetRules): TargetRefusal | undefined {
  if (!URL.canParse(url)) return 'not_http';
  const { protocol, hostname, port, username, password } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return 'not_http';
  if (username !== '' || password !== '') return 'credentials';
  if (!isOpenPort(port)) return 'port';
  const literal = addressIn(hostname);
  return literal !== undefined && !privateTargets && isForbiddenAddress(literal) ? 'address' : undefined;
}

/** The address that a URL's host is, if it is no name. Parsing has made `0x7f.1` and `127.1` plain already. */
export function addressIn(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return ipaddr.isValid(bare) ? bare : undefined;
}

/** The web's own, and what applications choose; between them lie mail, files, shells and databases. */
function isOpenPort(port: string): boolean {
  return port === '' || port === '80' || port === '443' || Number(port) >= 8_000;
}
