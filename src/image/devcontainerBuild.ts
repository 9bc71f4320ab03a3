import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { BulkheadError, messageOf } from '../core/errors';
import { printable } from '../core/log';
import { parseJsonDocument } from '../settings/jsonDocument';
import { formatProblem } from '../settings/settingsProblem';
import { readWorkspaceFile } from '../settings/workspacePath';
import { hashBuildContext } from './buildContext';
import { runDevcontainerCli } from './devcontainerCli';
import type { BuildRun } from './dockerBuild';
import { copyFeature, featureFiles } from './localFeatures';

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
    const { folder: own, entries } = await featureFiles(folder, plan.folder, signal);
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
        await copyFeature(local, plan.folder, join(own, name), run.signal);
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
    await runDevcontainerCli(
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

function usage(configFile: string, why: string, next: string): BulkheadError {
  return new BulkheadError(`${configFile}: ${why}`, { kind: 'usage', next });
}
