import type { Fault } from '../fault.ts';

const CUT_SHARE = 0.02;

/** Answers of Redis are lost after the command was done: whoever sends again without asking counts twice. */
export const answersCut: Fault = {
  name: 'answers-cut',
  title: '2 % of Redis connections cut after the command was forwarded',
  rounds: 5,
  load: { events: 8_000, batchSize: 10, senders: 16 },
  world: () => ({ cuttingProxy: true }),
  run: async (world, round) => {
    world.proxy.cutShare(CUT_SHARE);
    await round.load.reached(1);
    world.proxy.cutShare(0);
    round.healed();
  },
};
