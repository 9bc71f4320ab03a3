// A Docker Engine that answers: the one that is there, else one started here.
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asRoot, CACHE, capture, NeedError, retry, run, say, which } from './run.mjs';
import { DOCKERD, ensurePrograms } from './systemPackages.mjs';

const READY_MS = 60_000;

/**
 * @returns {Promise<{ stop(): Promise<void> }>} `stop` ends the engine if it was started here, and waits for its end.
 */
export async function ensureEngine() {
  const nothing = { stop: async () => undefined };
  const answer = await askEngine();
  if (answer.ready) {
    return nothing;
  }
  if (/permission denied/i.test(answer.why)) {
    throw new NeedError(
      'The Docker Engine runs but refuses this user. Add the user to the group `docker` ' +
        '(`sudo usermod -aG docker $USER`, then log in again), or run this as root.',
    );
  }
  if (process.env.DOCKER_HOST || !(await isDefaultContext())) {
    throw new NeedError(
      `The Docker Engine that DOCKER_HOST or the Docker context names does not answer:\n${answer.why}`,
    );
  }
  await ensurePrograms([DOCKERD]);
  return (await hasSystemd()) ? startBySystemd(nothing) : startDaemon();
}

async function askEngine() {
  const { code, stdout, stderr } = await capture(['docker', 'version', '--format', '{{.Server.Version}}'], {
    timeoutMs: 15_000,
  });
  return { ready: code === 0 && stdout.trim() !== '', why: stderr.trim() };
}

async function isDefaultContext() {
  const { code, stdout } = await capture(['docker', 'context', 'show']);
  // Docker 20.10 has no `context show`.
  return code !== 0 || stdout.trim() === 'default';
}

async function hasSystemd() {
  return stat('/run/systemd/system').then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/** @param {{ stop(): Promise<void> }} engine systemd's own: it is not ours to stop. */
async function startBySystemd(engine) {
  const start = await asRoot(['systemctl', 'start', 'docker']);
  if (!start) {
    throw new NeedError('Start the Docker Engine: `systemctl start docker`, as root.');
  }
  say(`set-up: ${start.join(' ')}`);
  await run(start, { timeoutMs: READY_MS });
  await waitReady(() => undefined, 'journalctl -u docker');
  return engine;
}

async function startDaemon() {
  const dockerd = (await which('dockerd')) ?? 'dockerd';
  const argv = await asRoot([dockerd]);
  if (!argv) {
    throw new NeedError('Start the Docker Engine: `dockerd`, as root.');
  }
  await mkdir(CACHE, { recursive: true });
  const logPath = join(CACHE, 'dockerd.log');
  const log = await open(logPath, 'w');
  say(`set-up: starting ${argv.join(' ')} in the background (log: .cache/dockerd.log)`);
  const child = spawn(argv[0], argv.slice(1), { detached: true, stdio: ['ignore', log.fd, log.fd] });
  let ended = '';
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `dockerd ended (${signal ?? `exit ${code}`})`;
  });
  child.unref();
  await log.close();
  await waitReady(() => ended || undefined, logPath);
  return {
    stop: async () => {
      say('stopping the Docker Engine that was started here');
      const kill = await asRoot(['kill', '-TERM', String(child.pid)]);
      await capture(kill ?? ['true']);
      await retry(async () => ended || undefined, { forMs: 30_000 });
    },
  };
}

/**
 * @param {() => string | undefined} ended why it will never be ready
 * @param {string} log where to read more
 */
async function waitReady(ended, log) {
  let why = '';
  const ready = await retry(
    async () => {
      const answer = await askEngine();
      why = answer.why;
      return answer.ready || ended() ? true : undefined;
    },
    { forMs: READY_MS },
  );
  if (ready && !ended()) {
    return;
  }
  const tail = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-8).join('\n');
  throw new NeedError(`The Docker Engine did not come up: ${ended() ?? why}\n${tail}\n(log: ${log})`);
}
