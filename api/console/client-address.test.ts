import { describe, expect, it } from 'vitest';
import { createAddressOf } from './client-address.ts';

const behindProxies = createAddressOf(['10.0.0.0/8', '192.0.2.1', 'fd00::/8']);

describe('the network that a request comes from', () => {
  it.each([
    ['the peer where nobody stands before us', '203.0.113.9', undefined, '203.0.113.9'],
    [
      'the peer, whatever it says, where it is no proxy of ours',
      '203.0.113.9',
      '198.51.100.7',
      '203.0.113.9',
    ],
    ['the hop before our proxy', '10.1.2.3', '198.51.100.7', '198.51.100.7'],
    ['the same by a socket for both kinds', '::ffff:10.1.2.3', '198.51.100.7', '198.51.100.7'],
    ['the last hop that is none of ours', '10.1.2.3', '1.1.1.1, 198.51.100.7, 192.0.2.1', '198.51.100.7'],
    ['not what a client wrote before it', '10.1.2.3', '10.9.9.9, 127.0.0.1, 198.51.100.7', '198.51.100.7'],
    ['the farthest of ours where there is nobody else', '10.1.2.3', '10.4.5.6', '10.4.5.6'],
    ['our proxy where it says nothing', '10.1.2.3', undefined, '10.1.2.3'],
    ['our proxy where it says nonsense', '10.1.2.3', '198.51.100.7, unknown', '10.1.2.3'],
    ['a hop with its port', '10.1.2.3', '198.51.100.7:4711', '198.51.100.7'],
    ['a hop of IPv6 with its port', 'fd00::1', '[2001:db8:1:2:3:4:5:6]:4711', '2001:db8:1:2:0:0:0:0/64'],
    ['all of a household with IPv6', '2001:db8:1:2:ffff::1', undefined, '2001:db8:1:2:0:0:0:0/64'],
    ['nobody where the connection has gone', undefined, '198.51.100.7', 'unknown'],
  ])('is %s', (_what, peer, forwardedFor, expected) => {
    expect(behindProxies(peer, forwardedFor)).toBe(expected);
  });

  it('is the peer where no proxy is trusted', () => {
    expect(createAddressOf([])('10.1.2.3', '198.51.100.7')).toBe('10.1.2.3');
  });
});
