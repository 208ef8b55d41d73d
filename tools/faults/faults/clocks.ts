import { fileURLToPath } from 'node:url';
import type { Fault } from '../fault.ts';

const HOUR_MS = 3_600_000;
const PRELOADED = fileURLToPath(new URL('../step-clock.ts', import.meta.url));

/** One API process of two has a clock that goes an hour forward, an hour back, and right again, while both take events. */
export const clockStepped: Fault = {
  name: 'clock-step',
  title: 'clock stepped by +1 h and −1 h in one API process of two',
  rounds: 3,
  world: () => ({
    apis: [
      {},
      {
        environment: {
          NODE_OPTIONS: `--import=${PRELOADED}`,
          FAULT_CLOCK_STEPS_MS: [HOUR_MS, -HOUR_MS, 0].join(','),
        },
      },
    ],
  }),
  run: async (world, round) => {
    const stepped = world.apis.at(-1);
    for (const share of [0.25, 0.5, 0.75]) {
      await round.load.reached(share);
      if (stepped !== undefined) process.kill(stepped.pid, 'SIGUSR2');
    }
  },
};
