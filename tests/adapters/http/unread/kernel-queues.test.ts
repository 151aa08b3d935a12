import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { kernelQueues, peerKey, queuesIn } from '../../../../src/adapters/http/unread/kernel-queues.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   1: 0100007F:1F40 0100007F:C350 01 00010000:00000000 01:00000000 00000000     0
   2: 0100007F:1F40 0200007F:C351 01 00000000:00000000 00:00000000 00000000     0
   3: 0100007F:1F41 0300007F:C352 01 00000100:00000000 00:00000000 00000000     0
   4: 0000000000000000FFFF00000100007F:1F40 0000000000000000FFFF00000400007F:C353 04 0000000A:00000000 00:00000000
`;

describe("the kernel's queues", () => {
  it('are those of the port, without connections for which the kernel holds nothing', () => {
    expect([...queuesIn(TABLE, 0x1f40)]).toEqual([
      [peerKey('127.0.0.1', 50_000), 65_536],
      [peerKey('::ffff:127.0.0.4', 50_003), 10],
    ]);
  });

  it.each([
    ['127.0.0.1', 50_000, '0100007F:C350'],
    ['::1', 1, '00000000000000000000000001000000:0001'],
    ['fe80::1%eth0', 65_535, '000080FE000000000000000001000000:FFFF'],
  ])('name %s port %i as the kernel does', (address, port, key) => {
    expect(peerKey(address, port)).toBe(key);
  });

  it('tell what a client has not read', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    const client = connect(port, '127.0.0.1').pause();
    const [socket] = (await accepted) as [ReturnType<typeof connect>];
    const bytes = 64 * 1024 * 1024;
    socket.on('error', () => undefined).write(Buffer.alloc(bytes));
    let held = 0;
    for (let turns = 0; turns < 1_000 && held === 0; turns++) {
      held = (await kernelQueues(port))?.get(peerKey('127.0.0.1', client.localPort ?? 0)) ?? 0;
    }
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(bytes);
    client.destroy();
    socket.destroy();
    server.close();
  });
});
