import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { BulkheadError, CancelledError, messageOf } from '../core/errors';
import { printable } from '../core/log';
import { parseJsonDocument } from '../settings/jsonDocument';
import { formatProblem } from '../settings/settingsProblem';
import { readWorkspaceFile } from '../settings/workspacePath';
import { fileChunks, hashBuildContext, listContext } from './buildContext';
import type { BuildRun } from './dockerBuild';

/** The part of a devcontainer.json that makes an image (containers.dev/implementors/json_reference). */
const configSchema = z.object({
  image: z.string().optional(),
  dockerComposeFile: z.unknown().optional(),
  dockerFile: z.string().optional(),
  context: z.string().optional(),
  build: z
    .object({
      dockerfile: z.string().optional(),
      context: z.string().optional(),
      args: z.record(z.string(), z.string()).optional(),
      target: z.string().optional(),
      options: z.array(z.string()).optional(),
    })
    .optional(),
  features: z
    .record(
      z.string(),
      z.union([z.string(), z.boolean(), z.record(z.string(), z.union([z.string(), z.boolean()]))]),
    )
    .optional(),
  overrideFeatureInstallOrder: z.array(z.string()).optional(),
  containerUser: z.string().optional(),
  remoteUser: z.string().optional(),
});

export interface DevcontainerPlan {
  /** The image that Features are put on. */
  base:
    | { kind: 'image'; reference: string }
    | { kind: 'build'; dockerfile: string; context: string; args: Record<string, string>; target?: string };
  features: Record<string, unknown>;
  installOrder: string[] | undefined;
  users: { containerUser?: string; remoteUser?: string };
  /** Absolute folders of Features that lie in the repo, by the key that names them. */
  localFeatures: Record<string, string>;
  /** The workspace's real path: Features are read from nowhere else. */
  folder: string;
}

/**
 * Reads what a devcontainer.json wants its image to be. Only that: no hook of it, and no flag for `docker build`, reaches the
 * host. Paths stay inside of `folder`, symlinks resolved. @throws BulkheadError `usage`
 */
export async function planDevcontainer(configFile: string, folder: string): Promise<DevcontainerPlan> {
  const real = await realpath(folder);
  const file = await readWorkspaceFile(real, configFile);
  if (!('text' in file)) {
    const why = 'refused' in file ? file.refused.message : 'is not there any more';
    throw usage(configFile, `it ${why}`, 'Put it back.');
  }
  const document = parseJsonDocument(configFile, file.text);
  const [problem] = document.problems;
  const parsed = configSchema.safeParse(document.value);
  if (problem || !parsed.success) {
    const why = problem ? formatProblem(problem) : z.prettifyError(parsed.error ?? new z.ZodError([]));
    throw usage(configFile, printable(why, 2000), 'Correct it.');
  }
  const config = parsed.data;
  if (config.dockerComposeFile !== undefined) {
    throw usage(configFile, '`dockerComposeFile` is not supported yet', 'Use `image` or `build`.');
  }
  if (config.build?.options !== undefined && config.build.options.length > 0) {
    throw usage(configFile, '`build.options` would pass flags to `docker build` on the host', 'Remove it.');
  }
  const here = dirname(configFile);
  const features = config.features ?? {};
  const localFeatures: Record<string, string> = {};
  for (const key of Object.keys(features)) {
    if (/^\.{1,2}\//.test(key)) {
      localFeatures[key] = await insideOf(here, resolve(here, key), configFile, key);
    } else if (!/^\w[\w.:@/-]*$/.test(key)) {
      throw usage(configFile, `${JSON.stringify(key)} names no Feature`, 'Correct it.');
    }
  }
  const dockerfile = config.build?.dockerfile ?? config.dockerFile;
  const users = {
    ...(config.containerUser !== undefined && { containerUser: config.containerUser }),
    ...(config.remoteUser !== undefined && { remoteUser: config.remoteUser }),
  };
  const common = {
    features,
    installOrder: config.overrideFeatureInstallOrder,
    users,
    localFeatures,
    folder: real,
  };
  if (dockerfile === undefined) {
    if (config.image === undefined) {
      throw usage(configFile, 'it has neither `image` nor `build.dockerfile`', 'Add one of them.');
    }
    return { ...common, base: { kind: 'image', reference: config.image } };
  }
  const context = config.build?.context ?? config.context ?? '.';
  const args = config.build?.args ?? {};
  for (const text of [...Object.values(args), dockerfile, context]) {
    if (text.includes('${')) {
      throw usage(configFile, `the variable in ${JSON.stringify(text)} is not supported`, 'Write its value.');
    }
  }
  return {
    ...common,
    base: {
      kind: 'build',
      dockerfile: await insideOf(folder, resolve(here, dockerfile), configFile, dockerfile),
      context: await insideOf(folder, resolve(here, context), configFile, context),
      args,
      ...(config.build?.target !== undefined && { target: config.build.target }),
    },
  };
}

/** Hash over the Features and their local sources. */
export async function hashFeatures(plan: DevcontainerPlan, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([plan.features, plan.installOrder, plan.users]));
  for (const [key, folder] of Object.entries(plan.localFeatures).sort()) {
    hash.update(key);
    const { folder: own, entries } = await featureFiles(plan, folder, signal);
    const context = { folder: own, entries, dockerfile: '', dockerfileText: '', extra: [] };
    hash.update(await hashBuildContext(context, signal));
  }
  return hash.digest('hex');
}

/**
 * Puts Features on an image with `@devcontainers/cli`. It runs in a folder of its own with a devcontainer.json of ours,
 * so it never sees the repo's: it would run `initializeCommand` on the host, and fill `${localEnv:…}` in.
 */
export async function buildFeatures(
  plan: DevcontainerPlan,
  baseReference: string,
  tag: string,
  labels: Record<string, string>,
  buildKit: boolean,
  run: BuildRun,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-features-'));
  try {
    const own = join(folder, '.devcontainer');
    await mkdir(own);
    const features: Record<string, unknown> = {};
    const keys = new Map<string, string>();
    for (const [key, value] of Object.entries(plan.features)) {
      const local = plan.localFeatures[key];
      const plain = `./${basename(local ?? key)}`;
      const name =
        local === undefined ? key : Object.hasOwn(features, plain) ? `${plain}-${keys.size}` : plain;
      keys.set(key, name);
      features[name] = value;
      if (local !== undefined) {
        await copyPlain(plan, local, join(own, name), run.signal);
      }
    }
    const order = plan.installOrder?.map((key) => keys.get(key) ?? key);
    const config = {
      image: baseReference,
      features,
      ...plan.users,
      ...(order && { overrideFeatureInstallOrder: order }),
    };
    const configFile = join(own, 'devcontainer.json');
    await writeFile(configFile, JSON.stringify(config));
    const labelArgs = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
    await runCli(
      [
        'build',
        ...['--workspace-folder', folder, '--config', configFile, '--image-name', tag, '--no-lockfile'],
        ...['--log-format', 'text', '--buildkit', buildKit ? 'auto' : 'never', ...labelArgs],
      ],
      folder,
      run,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

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

async function runCli(args: string[], cwd: string, run: BuildRun): Promise<void> {
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
    ...[__dirname, process.cwd()].flatMap((start) =>
      ['.', '..', '../..'].map((up) => join(start, up, 'node_modules/@devcontainers/cli', file)),
    ),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) {
    throw new BulkheadError('The Dev Container CLI that installs Features is missing', {
      next: 'Install Bulkhead again.',
    });
  }
  return found;
}

async function insideOf(folder: string, path: string, configFile: string, text: string): Promise<string> {
  try {
    const real = await realpath(path);
    const from = relative(await realpath(folder), real);
    if (from === '' || (!isAbsolute(from) && from.split(sep)[0] !== '..')) {
      return real;
    }
  } catch (error) {
    throw usage(configFile, `${JSON.stringify(text)}: ${messageOf(error)}`, 'Correct the path.');
  }
  throw usage(configFile, `${JSON.stringify(text)} leads out of ${folder}`, 'Keep it inside of the folder.');
}

/** What a Feature in the repo may have: scripts, not data. */
const MAX_FEATURE_FILES = 5_000;
const MAX_FEATURE_BYTES = 100 * 2 ** 20;

async function featureFiles(plan: DevcontainerPlan, local: string, signal: AbortSignal | undefined) {
  const { folder, entries } = await listContext(local, { signal, within: plan.folder });
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (entries.length > MAX_FEATURE_FILES || bytes > MAX_FEATURE_BYTES) {
    throw usage(
      local,
      `it has ${entries.length} files, ${bytes} bytes: too much for a Feature`,
      'Make it smaller.',
    );
  }
  return { folder, entries };
}

/** Regular files and folders only: a symlink could lead out of the repo. */
async function copyPlain(
  plan: DevcontainerPlan,
  local: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { folder, entries } = await featureFiles(plan, local, signal);
  await mkdir(to);
  for (const entry of entries) {
    const target = join(to, entry.path);
    if (entry.type === 'directory') {
      await mkdir(target);
    } else if (entry.type === 'file') {
      const file = await open(target, 'wx', (entry.mode & 0o777) | 0o600);
      try {
        for await (const chunk of fileChunks(folder, entry)) {
          await file.writeFile(chunk);
        }
      } finally {
        await file.close();
      }
    }
  }
}

function usage(configFile: string, why: string, next: string): BulkheadError {
  return new BulkheadError(`${configFile}: ${why}`, { kind: 'usage', next });
}
