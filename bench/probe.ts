import { Redis } from 'ioredis';

const COMMANDS = 400_000;
const PIPELINE = 16;
const CONNECTIONS = 4;

/**
 * A fixed piece of work that says how fast the machine is this minute: HINCRBY in pipelines of 16. Published beside every
 * figure, because absolute speeds drift by a quarter and more over hours on shared machines.
 *
 * @returns commands per second
 */
export async function probeMachine(redisUrl: string): Promise<number> {
  const connections = Array.from({ length: CONNECTIONS }, () => new Redis(redisUrl));
  const work = async (redis: Redis): Promise<void> => {
    for (let sent = 0; sent < COMMANDS / CONNECTIONS; sent += PIPELINE) {
      const pipeline = redis.pipeline();
      for (let index = 0; index < PIPELINE; index += 1) pipeline.hincrby('bench:probe', 'field', 1);
      await pipeline.exec();
    }
  };
  const startedAt = performance.now();
  await Promise.all(connections.map(work));
  const seconds = (performance.now() - startedAt) / 1_000;
  await connections[0]?.del('bench:probe');
  for (const redis of connections) redis.disconnect();
  return Math.round(COMMANDS / seconds);
}
