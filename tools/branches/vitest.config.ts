import { defineConfig } from 'vitest/config';

/** Tests of pure code, run as the files lie there and not as vite writes them, so that what Node counts is where it says. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['tools/branches/take-coverage.ts'],
    pool: 'forks',
    maxWorkers: 1,
    env: { TZ: 'UTC' },
    testTimeout: 120_000,
    experimental: { viteModuleRunner: false },
  },
});
