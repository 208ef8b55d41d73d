import { defineConfig } from 'vitest/config';

/** Recording writes what a test replays, so it is a command of its own: `npm run histories:record`. */
const IS_RECORDING = process.env['RECORD_HISTORIES'] === '1';

/** Tests run against real servers, started once per run by the global set-up. Two workers: the smallest machine has two cores. */
export default defineConfig({
  test: {
    include: IS_RECORDING ? ['test/**/*.recording.ts'] : ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    env: { TZ: 'UTC' },
    // Bounds against hanging, not measures of speed: a shared machine may stand still for half a minute.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    teardownTimeout: 120_000,
  },
});
