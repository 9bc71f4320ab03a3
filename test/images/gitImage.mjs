// An image with git and OpenSSH, for tests of source control: built once, then kept under its tag.

import { spawn } from 'node:child_process';
import { BASE_IMAGE } from '../../scripts/setup/baseImage.mjs';
import { buildNetworkEnvironment } from '../../scripts/setup/buildNetwork.mjs';
import { capture } from '../../scripts/setup/run.mjs';

export const GIT_IMAGE = 'bulkhead-test-git:2';
const BUILD_MS = 280_000;

const DOCKERFILE = `FROM ${BASE_IMAGE}
RUN apt-get update && apt-get install --yes --no-install-recommends git openssh-client openssh-server && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1500 sailor
USER sailor
`;

/** @returns {Promise<string>} its tag */
export async function ensureGitImage() {
  if ((await capture(['docker', 'image', 'inspect', GIT_IMAGE])).code === 0) {
    return GIT_IMAGE;
  }
  const { BULKHEAD_BUILD_NETWORK: network = process.env.BULKHEAD_BUILD_NETWORK } =
    await buildNetworkEnvironment();
  const flags = network ? ['--network', network] : [];
  await new Promise((resolve, reject) => {
    // A Dockerfile on stdin: no context is sent.
    const build = spawn('docker', ['build', '--quiet', ...flags, '--tag', GIT_IMAGE, '-'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      timeout: BUILD_MS,
    });
    let said = '';
    build.stderr.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4000);
    });
    build.once('error', reject);
    build.once('exit', (code) =>
      code === 0 ? resolve(undefined) : reject(new Error(`${GIT_IMAGE}: ${said}`)),
    );
    build.stdin.on('error', () => undefined);
    build.stdin.end(DOCKERFILE);
  });
  return GIT_IMAGE;
}
