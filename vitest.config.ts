import { defineConfig } from 'vitest/config';

/** How long (ms) a test looks again whether something has come about: a slow machine is no failure. */
const POLL = { poll: { timeout: 20_000 } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          expect: POLL,
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 40_000,
          // vitest leaves one processor free, which of two is half.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'integration',
          expect: POLL,
          include: ['test/integration/**/*.test.ts'],
          // Emulated VMs on two cores: at most one file's VM runs at a time.
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 300_000,
          globalSetup: ['test/integration/globalSetup.ts'],
        },
      },
      {
        test: {
          name: 'hostile',
          expect: POLL,
          include: ['test/hostile/**/*.engine.test.ts'],
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 300_000,
          globalSetup: ['test/integration/globalSetup.ts'],
        },
      },
      {
        test: {
          // Attacks on the host's side alone: they wait more than they work, and run beside the others.
          name: 'hostile-host',
          expect: POLL,
          include: ['test/hostile/**/*.test.ts'],
          exclude: ['**/*.engine.test.ts'],
          maxWorkers: 2,
          testTimeout: 240_000,
        },
      },
    ],
  },
});
