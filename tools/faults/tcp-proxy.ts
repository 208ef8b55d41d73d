import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy in front of one server, that loses answers. */
export interface CuttingProxy {
  readonly port: number;
  /** How many connections it has cut. */
  cuts(): number;
  /** From now on, cut the connection of this share (0 to 1) of the requests, each after the server has done what was asked. */
  cutShare(share: number): void;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Forwards every connection. A request that is chosen to be cut is forwarded, the server's answer to it is awaited and thrown
 * away, and the client finds its connection closed: it cannot know that its command was done.
 *
 * @param random 0 ≤ number < 1, the same sequence for the same seed
 */
export async function startCuttingProxy(targetPort: number, random: () => number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let share = 0;
  let cuts = 0;

  function forward(client: Socket): void {
    const server = connect(targetPort, HOST);
    let isCut = false;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      // The end of either is the end of both; why does not matter here.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (!isCut && random() < share) {
        isCut = true;
        cuts += 1;
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (isCut) client.destroy();
      else client.write(chunk);
    });
  }

  const listener = createServer(forward).listen(0, HOST);
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    cuts: () => cuts,
    cutShare: (wanted) => {
      share = wanted;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
