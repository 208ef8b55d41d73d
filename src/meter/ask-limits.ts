import { shardKey } from './keys.ts';
import { askRedis } from './redis-connection.ts';
import { shardState, type ShardState, type UsageMeter } from './usage-meter.ts';

/** One question about a tenant's limits, as `readLimits.lua` takes it. */
export interface PackedQuestion {
  /** Of its gate, then of the hashes of its counters. */
  readonly keys: readonly string[];
  /** The versions it rests on, then what is read of each hash. */
  readonly arguments: readonly string[];
}

/** What the script says of one question, and when by the clock of Redis. `epoch`: the shard is in another one. */
export interface LimitReply {
  readonly atMs: string;
  readonly words: readonly string[];
}

interface Waiting {
  readonly question: PackedQuestion;
  readonly epoch: number;
  readonly resolve: (reply: LimitReply) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions of one call: it holds Redis for about a third of a millisecond. */
const CALL_QUESTIONS_MAX = 100;

const waitingQuestions = new WeakMap<ShardState, Waiting[]>();

/**
 * Asks a question about limits. Those of one turn of the event loop go in one call: a call costs Redis and its driver more than a
 * question does. Rejects with `MeterUnavailableError` as every call.
 *
 * @param epoch verified
 */
export function askLimits(
  meter: UsageMeter,
  shard: number,
  { epoch, question }: Pick<Waiting, 'epoch' | 'question'>,
): Promise<LimitReply> {
  const state = shardState(meter, shard);
  return new Promise((resolve, reject) => {
    let waiting = waitingQuestions.get(state);
    if (waiting === undefined) waitingQuestions.set(state, (waiting = []));
    waiting.push({ question, epoch, resolve, reject });
    if (waiting.length > 1) return;
    setImmediate(() => {
      waitingQuestions.delete(state);
      for (let start = 0; start < waiting.length; start += CALL_QUESTIONS_MAX) {
        void sendTogether(meter, shard, waiting.slice(start, start + CALL_QUESTIONS_MAX));
      }
    });
  });
}

async function sendTogether(meter: UsageMeter, shard: number, asked: readonly Waiting[]): Promise<void> {
  const keys = [shardKey(shard)];
  // An epoch that changed within this turn makes the script refuse, and all of them are verified again.
  const packed = [String(asked[0]?.epoch ?? 0)];
  for (const { question } of asked) {
    keys.push(...question.keys);
    packed.push(String(question.keys.length - 1), String(question.arguments.length), ...question.arguments);
  }
  try {
    const [first, ...lists] = await askRedis(() => meter.redis.readLimits(keys.length, ...keys, ...packed));
    for (const [place, { resolve }] of asked.entries()) {
      const words = lists[place];
      resolve(typeof words === 'object' ? { atMs: String(first), words } : { atMs: '0', words: ['epoch'] });
    }
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}
