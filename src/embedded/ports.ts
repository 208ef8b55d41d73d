import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

import { EmbeddedError } from './embedded-error.ts';

/** Every part listens here and nowhere else. */
export const LOOPBACK = '127.0.0.1';

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('the listener has no port'));
        else resolve(address.port);
      });
    });
  });
}

/**
 * Below those that systems give to whoever connects to somewhere (Linux from 32,768 on, others from 49,152): one of these is often
 * taken by the time its server listens, or listens again.
 */
const PORT_FIRST = 10_000;
const PORT_END = 32_000;
const TRIES_MAX = 20;

/** A port that was free a moment ago. Its taker must still expect to find it taken. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
    const port = randomInt(PORT_FIRST, PORT_END);
    if (await isPortFree(port)) return port;
  }
  return listenOnce(0);
}

/** Whether a server could listen on this port of the loopback address now. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch {
    return false;
  }
}

/**
 * The port a part shall use: the one asked for, or a free one.
 * @param part the part's name as people know it
 * @param setting how the person chose the port, named in the error
 * @throws EmbeddedError when the port asked for is taken
 */
export async function claimPort(part: string, port: number | undefined, setting: string): Promise<number> {
  if (port === undefined) return freePort();
  if (await isPortFree(port)) return port;
  throw new EmbeddedError(
    `port ${port} for ${part} is taken by another program: stop that program, or choose another port with ${setting}`,
  );
}
