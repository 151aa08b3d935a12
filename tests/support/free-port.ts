import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Where Linux begins with the ports that it gives to who asks for any: nobody gets one below this by chance. */
const GIVEN_BY_THE_SYSTEM_FROM = 32_768;

/** A port that nobody listens on, nor is given before it is used, for what cannot be told to take any. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, GIVEN_BY_THE_SYSTEM_FROM);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
