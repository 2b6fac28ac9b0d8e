import ipaddr from 'ipaddr.js';

/** The network that a request comes from, as the limit of sign-ins counts it. */
export type AddressOf = (peer: string | undefined, forwardedFor: string | undefined) => string;

/** A household, and anybody's rented machine, has at least so much of IPv6 to itself. */
const IPV6_NETWORK_BITS = 64;
/** Some proxies add the port. */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[(.+)\])(?::\d+)?$/;

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * `X-Forwarded-For` is read from its end, where our own proxies write: the first hop that is none of them is the client. What
 * stands before was sent by the client itself, and anybody can write anything there. Without trusted proxies nothing is read.
 */
export function createAddressOf(trustedProxies: readonly string[]): AddressOf {
  const trusted = trustedProxies.map(rangeOf);
  const isTrusted = (address: Address) =>
    trusted.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits));
  return (peer, forwardedFor) => {
    let client = parsed(peer ?? '');
    if (client === undefined) return 'unknown';
    const hops = (forwardedFor ?? '').split(',');
    while (isTrusted(client)) {
      const next = parsed(hops.pop()?.trim() ?? '');
      // A proxy that names nobody, or nonsense, is itself all that is known.
      if (next === undefined) break;
      client = next;
    }
    return networkOf(client);
  };
}

function rangeOf(text: string): [Address, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** An IPv4 address that comes as IPv6, as sockets for both have it, is the IPv4 address. */
function parsed(text: string): Address | undefined {
  const [, ipv4, ipv6] = WITH_PORT.exec(text) ?? [];
  const bare = ipv4 ?? ipv6 ?? text;
  return ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare)
    ? ipaddr.process(bare)
    : undefined;
}

function networkOf(address: Address): string {
  if (address instanceof ipaddr.IPv4) return address.toString();
  const network = ipaddr.IPv6.networkAddressFromCIDR(`${address.toNormalizedString()}/${IPV6_NETWORK_BITS}`);
  return `${network.toNormalizedString()}/${IPV6_NETWORK_BITS}`;
}
