import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clientAddress, isAddressRange } from '../../../../src/adapters/http/auth/client-address.ts';

const TRUSTED = ['10.0.0.0/8', '192.168.1.1', 'fd00::/8', '::1'];
const seen = clientAddress(TRUSTED);

function request(remoteAddress: string | undefined, forwardedFor?: string): IncomingMessage {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

const trusted = fc.constantFrom('10.1.2.3', '10.255.0.9', '192.168.1.1', 'fd12:3456::7', '::1', '::ffff:10.0.0.1');
const stranger = fc.oneof(
  fc.ipV4().filter((address) => !/^10\.|^192\.168\.1\.1$/.test(address)),
  fc.ipV6().filter((address) => /^2[0-9a-f]{3}:/i.test(address)),
  fc.constantFrom('::ffff:11.0.0.1', '192.168.1.2', '9.255.255.255', 'fe80::1'),
);
/** Values that anyone may write into a header: addresses, and anything else. */
const entry = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  trusted,
  fc.string(),
  fc.constantFrom('', 'unknown', '127.0.0.1:80', '[::1]'),
);
const header = fc.array(entry, { maxLength: 6 }).map((entries) => entries.join(', '));

describe('the address of a client', () => {
  it('is not the one that an untrusted peer claims', () => {
    fc.assert(
      fc.property(stranger, header, (peer, said) => {
        expect(seen(request(peer, said))).toBe(seen(request(peer)));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is the peer's own if no proxy is trusted", () => {
    const trusting = clientAddress([]);
    fc.assert(
      fc.property(fc.oneof(stranger, trusted), header, (peer, said) => {
        expect(trusting(request(peer, said))).toBe(trusting(request(peer)));
      }),
    );
  });

  it('is the first untrusted address from the right, past any number of trusted proxies, whatever is left of it', () => {
    fc.assert(
      fc.property(trusted, fc.array(trusted, { maxLength: 4 }), stranger, header, (peer, proxies, client, said) => {
        expect(seen(request(peer, [said, client, ...proxies].join(',')))).toBe(seen(request(client)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the outermost trusted proxy if there is no untrusted address', () => {
    fc.assert(
      fc.property(trusted, fc.array(trusted, { maxLength: 4 }), (peer, proxies) => {
        expect(seen(request(peer, proxies.join(', ') || undefined))).toBe(seen(request(proxies[0] ?? peer)));
      }),
    );
  });

  it('is the proxy that wrote an invalid address, not an address left of it', () => {
    for (const word of [
      'unknown',
      '',
      '_hidden',
      '1',
      '010.1.1.1',
      '1.2.3',
      '203.0.113.7:',
      '[203.0.113.7',
      'x'.repeat(9_999),
    ]) {
      expect(seen(request('10.0.0.1', `198.51.100.1, ${word}`))).toBe('10.0.0.1');
      expect(seen(request('10.0.0.1', `198.51.100.1, ${word}, 10.0.0.2`))).toBe('10.0.0.2');
    }
  });

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
    ['[2001:db8:0:1::9]', '2001:db8:0:1::/64'],
    ['[2001:db8:0:1::9]:443', '2001:db8:0:1::/64'],
    ['2001:DB8:0:1::', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [' \t203.0.113.7 ', '203.0.113.7'],
  ])('is normalised as it is counted: %s', (written, address) => {
    expect(seen(request('::1', written))).toBe(address);
  });

  it('is the same with any zone that Node or a proxy appends, because a zone names an interface of that machine only', () => {
    const interfaces = fc.constantFrom('eth0', 'br-0a1b', 'eth0.5', 'br_lan', 'wg-1.2', '7', 'a:b');
    fc.assert(
      fc.property(fc.ipV6(), fc.oneof(interfaces, fc.stringMatching(/^[!-+.-Z^-~]{1,15}$/)), (address, zone) => {
        const seenPlain = seen(request('::1', address));
        expect(seen(request('::1', `${address}%${zone}`))).toBe(seenPlain);
        expect(seen(request('::1', `[${address}%${zone}]:443`))).toBe(seenPlain);
        expect(seen(request(`${address}%${zone}`))).toBe(seen(request(address)));
      }),
    );
  });

  it('is the same for a whole IPv6 network, and another one for the next network', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16));
    fc.assert(
      fc.property(fc.tuple(group, group, group, group), (host) => {
        expect(seen(request(`2001:db8:0:1:${host.join(':')}`))).toBe('2001:db8:0:1::/64');
        expect(seen(request(`2001:db8:0:2:${host.join(':')}`))).toBe('2001:db8:0:2::/64');
      }),
    );
  });

  it('is undefined for a closed connection', () => {
    expect(seen(request(undefined, '203.0.113.7'))).toBe('unknown');
  });
});

describe('a trusted range', () => {
  it('is an address or a network of either kind', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })),
          fc.tuple(
            stranger.filter((address) => address.includes(':') && !address.includes('ffff')),
            fc.integer({ min: 1, max: 128 }),
          ),
        ),
        ([address, bits]) => {
          expect([isAddressRange(address), isAddressRange(`${address}/${String(bits)}`)]).toEqual([true, true]);
          const only = clientAddress([`${address}/${String(bits)}`]);
          expect(only(request(address, '203.0.113.7'))).toBe('203.0.113.7');
        },
      ),
    );
  });

  it.each([
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '::1/129',
    '10.0.0.0/8.0',
    '10.0.0.0/-8',
    '::ffff:10.0.0.1',
    'fe80::1%eth0',
    '',
  ])('cannot be %s', (text) => {
    expect(isAddressRange(text)).toBe(false);
  });
});
