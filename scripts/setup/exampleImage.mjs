// The image that examples/python-project names: local, else pulled, else built from Debian's packages.
import { join } from 'node:path';
import { capture, ROOT, run, say } from './run.mjs';

const IMAGE = 'python:3.13-slim';

/** @param {NodeJS.ProcessEnv} env with `BULKHEAD_BUILD_NETWORK`, if builds need it */
export async function ensureExampleImage(env) {
  if ((await capture(['docker', 'image', 'inspect', IMAGE])).code === 0) {
    return;
  }
  say(`set-up: docker pull ${IMAGE} (for examples/python-project)`);
  const pulled = await run(['docker', 'pull', IMAGE], { timeoutMs: 300_000 }).catch((error) => error);
  if (!(pulled instanceof Error)) {
    return;
  }
  say(`set-up: ${IMAGE} can't be pulled; building a stand-in of that name from Debian's packages`);
  const network = env.BULKHEAD_BUILD_NETWORK ? ['--network', env.BULKHEAD_BUILD_NETWORK] : [];
  const context = join(ROOT, 'scripts/setup/stand-in-python');
  const build = ['docker', 'build', '--quiet', ...network, '--tag', IMAGE, context];
  // One example without its image is no reason not to start.
  await run(build, { timeoutMs: 600_000 }).catch((error) => say(`set-up: no ${IMAGE}: ${error.message}`));
}
