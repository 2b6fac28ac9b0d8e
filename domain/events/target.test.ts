import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isForbiddenAddress, judgeTarget } from './target.ts';

const judge = (url: string) => judgeTarget(url, { privateTargets: false });

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '0.0.0.0',
    '0.1.2.3',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '192.88.99.1',
    '168.63.129.16',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::808:808',
    '64:ff9b:1::a00:1',
    '2002:7f00:1::',
    '2002:808:808::1',
    '2001::1',
    '2001:db8::1',
    '3fff::1',
    '5f00::1',
    '100::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '4000::1',
    'not an address',
    '',
  ])('%s is forbidden', (address) => {
    expect(isForbiddenAddress(address)).toBe(true);
  });

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.215.14',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('%s is not', (address) => {
    expect(isForbiddenAddress(address)).toBe(false);
  });

  it('inside of these networks is never let through, in any of the forms that carry it', () => {
    const inside = fc.oneof(
      fc.tuple(fc.constant(10), fc.nat(255), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(127), fc.nat(255), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
    );
    fc.assert(
      fc.property(inside, ([a, b, c, d]) => {
        const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
        const forms = [
          `${a}.${b}.${c}.${d}`,
          `::ffff:${a}.${b}.${c}.${d}`,
          `::${hex(a, b)}:${hex(c, d)}`,
          `64:ff9b::${hex(a, b)}:${hex(c, d)}`,
          `2002:${hex(a, b)}:${hex(c, d)}::1`,
        ];
        expect(forms.filter((form) => !isForbiddenAddress(form))).toEqual([]);
      }),
    );
  });
});

describe('a URL', () => {
  it.each([
    ['ftp://example.com/', 'not_http'],
    ['javascript:alert(1)', 'not_http'],
    ['example.com', 'not_http'],
    ['https://user:pw@example.com/', 'credentials'],
    ['https://user@example.com/', 'credentials'],
    ['https://example.com:22/', 'port'],
    ['https://example.com:5432/', 'port'],
    ['http://example.com:7233/', 'port'],
    ['http://127.0.0.1/', 'address'],
    ['http://127.1/', 'address'],
    ['http://2130706433/', 'address'],
    ['http://0x7f000001/', 'address'],
    ['http://017700000001/', 'address'],
    ['http://[::1]:8080/', 'address'],
    ['http://[::ffff:7f00:1]/', 'address'],
    ['http://169.254.169.254/latest/meta-data', 'address'],
  ])('%s is refused: %s', (url, refusal) => {
    expect(judge(url)).toBe(refusal);
  });

  it.each([
    'https://example.com/hooks',
    'http://example.com',
    'https://example.com:8443/',
    'http://8.8.8.8:65535/',
  ])('%s is fine, as far as it says', (url) => {
    expect(judge(url)).toBeUndefined();
  });

  it('in a sandbox may be private, and nothing else that is refused', () => {
    const inSandbox = (url: string) => judgeTarget(url, { privateTargets: true });
    expect(inSandbox('http://127.0.0.1:8080/')).toBeUndefined();
    expect(inSandbox('http://u:p@127.0.0.1:8080/')).toBe('credentials');
    expect(inSandbox('http://127.0.0.1:22/')).toBe('port');
  });
});
