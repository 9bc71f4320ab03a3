// debian:trixie-slim, on which the kit and the examples are built: local, else pulled, else made from Debian's packages.
import { spawn } from 'node:child_process';
import { debianMirrors } from './aptSources.mjs';
import { asRoot, capture, NeedError, run, say } from './run.mjs';
import { ensurePrograms, MMDEBSTRAP } from './systemPackages.mjs';

export const BASE_IMAGE = 'debian:trixie-slim';
const SUITE = 'trixie';

export async function ensureBaseImage() {
  if ((await capture(['docker', 'image', 'inspect', BASE_IMAGE])).code === 0) {
    return;
  }
  say(`set-up: docker pull ${BASE_IMAGE}`);
  const pulled = await run(['docker', 'pull', BASE_IMAGE], { timeoutMs: 300_000 }).catch((error) => error);
  if (!(pulled instanceof Error)) {
    return;
  }
  const [mirror] = await debianMirrors();
  if (mirror === undefined) {
    throw new NeedError(
      `${BASE_IMAGE} can't be pulled, and this machine's apt has no Debian archive to make it from. ` +
        `Bring it here: \`docker save ${BASE_IMAGE}\` elsewhere, \`docker load\` here.`,
    );
  }
  await ensurePrograms([MMDEBSTRAP]);
  const make = await asRoot(['mmdebstrap', '--variant=minbase', SUITE, '-', mirror]);
  if (!make) {
    throw new NeedError(
      `Make ${BASE_IMAGE} as root: mmdebstrap --variant=minbase ${SUITE} - | docker import - ${BASE_IMAGE}`,
    );
  }
  say(`set-up: making ${BASE_IMAGE} with mmdebstrap from this machine's package archive`);
  await pipe(make, ['docker', 'import', '--change', 'CMD ["bash"]', '-', BASE_IMAGE]);
}

/**
 * `producer | consumer`; rejects if either fails. An import of half an archive is removed by name on failure.
 * @param {string[]} producer
 * @param {string[]} consumer
 */
async function pipe(producer, consumer) {
  const from = spawn(producer[0], producer.slice(1), { stdio: ['ignore', 'pipe', 2], timeout: 900_000 });
  const to = spawn(consumer[0], consumer.slice(1), { stdio: [from.stdout, 2, 2], timeout: 900_000 });
  // The child has its own copy of the pipe; ours would keep it open after the producer's end.
  from.stdout.destroy();
  const codes = await Promise.all([exitCode(from), exitCode(to)]);
  if (codes.some((code) => code !== 0)) {
    await capture(['docker', 'image', 'rm', BASE_IMAGE]);
    throw new Error(`${producer.join(' ')} | ${consumer.join(' ')}: exit ${codes.join(', ')}`);
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function exitCode(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? -1));
  });
}
