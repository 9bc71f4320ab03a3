// Makes a machine ready to run Bulkhead from its sources. Every step looks first, so a second run does nothing.
// `node scripts/setup.mjs [start|test]`; `npm start` and `npm test` do it by themselves.
import { pathToFileURL } from 'node:url';
import { ensureBaseImage } from './setup/baseImage.mjs';
import { buildNetworkEnvironment } from './setup/buildNetwork.mjs';
import { ensureEngine } from './setup/engine.mjs';
import { ensureExampleImage } from './setup/exampleImage.mjs';
import { ensureNodePackages, toolEnvironment } from './setup/nodePackages.mjs';
import { NeedError, say } from './setup/run.mjs';
import { ensurePrograms, NEEDS } from './setup/systemPackages.mjs';

/**
 * @param {'start' | 'test'} purpose
 * @returns {Promise<{ env: NodeJS.ProcessEnv, stopEngine(): Promise<void> }>} `env` for child processes.
 */
export async function setUp(purpose) {
  if (process.platform !== 'linux') {
    const list = NEEDS[purpose].map(({ program, why }) => `  ${program}  (${why})`).join('\n');
    throw new NeedError(`Set-up knows Debian and Ubuntu only. Install a Docker Engine and:\n${list}`);
  }
  await ensureNodePackages();
  await ensurePrograms(NEEDS[purpose]);
  const engine = await ensureEngine();
  try {
    await ensureBaseImage();
    const env = { ...toolEnvironment(), ...(await buildNetworkEnvironment()) };
    await ensureExampleImage(env);
    return { env, stopEngine: engine.stop };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

/**
 * Runs a script's main function: its exit code, or 3 for what only the user can put right, or 1.
 * @param {() => Promise<number>} main
 */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    say(
      error instanceof NeedError ? `\n${error.message}` : `\n${error instanceof Error ? error.stack : error}`,
    );
    process.exitCode = error instanceof NeedError ? 3 : 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript(async () => {
    await setUp(process.argv[2] === 'start' ? 'start' : 'test');
    say('set-up: done');
    return 0;
  });
}
