import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BulkheadError, CancelledError, messageOf } from '../core/errors';
import { printable } from '../core/log';
import type { BuildRun } from './dockerBuild';

const resultSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('success') }),
  z.object({
    outcome: z.literal('error'),
    message: z.string().optional(),
    description: z.string().optional(),
  }),
]);
const MAX_RESULT = 1 << 20;
/** Of its environment the CLI gets what reaches Docker and the network, and nothing that could leak into an image. */
const PASSED_ON =
  /^(?:PATH|HOME|USERPROFILE|SystemRoot|ComSpec|TEMP|TMP|TMPDIR|APPDATA|LOCALAPPDATA|SSH_AUTH_SOCK|DOCKER_\w+|(?:https?|no)_proxy)$/i;

/**
 * Runs `@devcontainers/cli` in `cwd`, a folder of our own, to its end; its output goes to the log and the progress.
 * @throws BulkheadError with the last lines of the build if the CLI says that it failed
 */
export async function runDevcontainerCli(args: string[], cwd: string, run: BuildRun): Promise<void> {
  const { signal, log } = run;
  const env: NodeJS.ProcessEnv = { ELECTRON_RUN_AS_NODE: '1' };
  for (const [name, value] of Object.entries(run.env ?? process.env)) {
    if (PASSED_ON.test(name) && value !== undefined) {
      env[name] = value;
    }
  }
  const child = spawn(process.execPath, [devcontainerCli(), ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: SIGTERM to the CLI alone would leave its `docker build` running.
    detached: process.platform !== 'win32',
  });
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) {
      try {
        process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
      } catch (error) {
        log.debug(`@devcontainers/cli could not be stopped: ${messageOf(error)}`);
      }
    }
  };
  signal?.addEventListener('abort', kill, { once: true });
  let result = '';
  const last: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    result = (result + chunk.toString()).slice(-MAX_RESULT);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    for (const line of printable(chunk.toString()).split('\n')) {
      if (line.trim() !== '') {
        last.push(line);
        last.splice(0, last.length - 20);
        log.info(line);
        run.onProgress?.({ phase: 'build', message: line.slice(0, 200) });
      }
    }
  });
  try {
    await new Promise<void>((done, fail) => {
      child.on('error', fail);
      child.on('close', () => done());
      if (signal?.aborted) {
        kill();
      }
    });
  } finally {
    signal?.removeEventListener('abort', kill);
  }
  if (signal?.aborted) {
    throw new CancelledError();
  }
  const outcome = parseResult(result);
  if (outcome.outcome === 'error') {
    const why = printable(outcome.description ?? outcome.message ?? `it ended with ${child.exitCode}`, 2000);
    throw new BulkheadError(`The Features can't be installed: ${why}`, {
      details: last.join('\n'),
      next: 'Look at the last lines of the build, and correct `features` in devcontainer.json.',
    });
  }
}

function parseResult(text: string): z.infer<typeof resultSchema> {
  const line = text.trim().split('\n').at(-1) ?? '';
  try {
    return resultSchema.parse(JSON.parse(line));
  } catch {
    return { outcome: 'error', message: 'the Dev Container CLI gave no result' };
  }
}

/** Beside the bundle (`dist/devcontainers/`), or in node_modules when run from the sources. */
function devcontainerCli(): string {
  const file = 'dist/spec-node/devContainersSpecCLI.js';
  const candidates = [
    join(__dirname, 'devcontainers', file),
    // Never from the current folder: that may be the one that is opened.
    ...['.', '..', '../..'].map((up) => join(__dirname, up, 'node_modules/@devcontainers/cli', file)),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) {
    throw new BulkheadError('The Dev Container CLI that installs Features is missing', {
      next: 'Install Bulkhead again.',
    });
  }
  return found;
}
