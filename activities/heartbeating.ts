import { Context } from '@temporalio/activity';

/** A third of the shortest heartbeat time-out, so that one late beat is no death. */
const BEAT_MS = 2_500;

/**
 * Lets an activity send heartbeats while it works, so that a killed worker is noticed within seconds although a step over a
 * large tenant may take minutes. Short steps end before the first beat and send none.
 */
export function heartbeating<Order, Answer>(
  work: (order: Order) => Promise<Answer>,
): (order: Order) => Promise<Answer> {
  return async (order) => {
    const context = Context.current();
    const timer = setInterval(() => context.heartbeat(), BEAT_MS);
    try {
      return await work(order);
    } finally {
      clearInterval(timer);
    }
  };
}
