import { createHash } from 'node:crypto';
import { BulkheadError } from '../core/errors';
import type { Log } from '../core/log';
import type { ReportProgress } from '../core/progress';
import { machineId } from '../settings/machineId';
import type { WorkspaceSpec } from '../settings/workspaceSpec';
import { baseImages } from './baseImages';
import { hashBuildContext, readBuildContext } from './buildContext';
import { type BuiltImage, inspectImage } from './builtImage';
import { buildFeatures, hashFeatures, planDevcontainer } from './devcontainerBuild';
import { dockerBuild } from './dockerBuild';
import type { Engine } from './engine';
import { parseImageReference } from './imageReference';
import { pullImage } from './pullImage';

export interface ProvideOptions {
  signal?: AbortSignal | undefined;
  log: Log;
  /** Build or pull even if nothing seems to have changed. */
  rebuild?: boolean;
  onProgress?: ReportProgress | undefined;
  env?: Readonly<Record<string, string | undefined>>;
}

/** On built images: what they were built from. An image with the right one need not be built again. */
export const CONTEXT_LABEL = 'bulkhead.context';

/** The image that a workspace asks for, from the engine, a registry or a build. */
export async function provideImage(
  engine: Engine,
  spec: WorkspaceSpec,
  options: ProvideOptions,
): Promise<BuiltImage> {
  const { image } = spec;
  switch (image.kind) {
    case 'image':
      return pulledImage(engine, image.reference, options);
    case 'build':
      return builtImage(engine, spec, image, imageTagOf(machineId(spec.folder)), options);
    case 'devcontainer':
      return devcontainerImage(engine, spec, image.configFile, options);
  }
}

/** The tag keeps `docker image prune` away from a machine's image. */
export function imageTagOf(id: string): string {
  return `bulkhead-image:${id}`;
}

/** What Features are put on, where the folder's own Dockerfile makes it. */
export function baseTagOf(id: string): string {
  return `bulkhead-image-base:${id}`;
}

async function pulledImage(engine: Engine, reference: string, options: ProvideOptions): Promise<BuiltImage> {
  // An image id names nothing that could be pulled.
  const isId = /^sha256:[0-9a-f]{64}$/.test(reference);
  const { full } = isId ? { full: reference } : parseImageReference(reference);
  const local = await inspectImage(engine, full);
  if (local && (!options.rebuild || isId)) {
    return local;
  }
  try {
    await pullImage(engine, full, options);
  } catch (error) {
    if (local && error instanceof BulkheadError && error.kind !== 'cancelled') {
      options.log.warn(`${error.message}. The image that is here is used.`);
      return local;
    }
    throw error;
  }
  return { ...(await expectImage(engine, full)), cached: false };
}

interface BuildSource {
  dockerfile: string;
  context: string;
  args: Record<string, string>;
  target?: string;
}

async function builtImage(
  engine: Engine,
  spec: WorkspaceSpec,
  source: BuildSource,
  tag: string,
  options: ProvideOptions,
): Promise<BuiltImage> {
  const { signal } = options;
  const context = await readBuildContext(source.context, source.dockerfile, { signal, within: spec.folder });
  const bases = await Promise.all(
    baseImages(context.dockerfileText, source.args).map(async (reference) => [
      reference,
      (await engineId(engine, reference)) ?? '',
    ]),
  );
  const content = await hashBuildContext(context, signal);
  const hash = hashOf([content, source.args, source.target ?? '', bases]);
  const current = await inspectImage(engine, tag);
  if (current?.labels[CONTEXT_LABEL] === hash && !options.rebuild) {
    return current;
  }
  const labels = { [CONTEXT_LABEL]: hash, 'bulkhead.folder': spec.folder };
  const { args, target } = source;
  const what = `The image of ${spec.name}`;
  await dockerBuild(engine, { context, tag, args, labels, target, what, phase: 'build' }, options);
  return { ...(await expectImage(engine, tag)), cached: false };
}

async function devcontainerImage(
  engine: Engine,
  spec: WorkspaceSpec,
  configFile: string,
  options: ProvideOptions,
): Promise<BuiltImage> {
  const { signal } = options;
  const plan = await planDevcontainer(configFile, spec.folder);
  const id = machineId(spec.folder);
  const tag = imageTagOf(id);
  const base =
    plan.base.kind === 'image'
      ? await pulledImage(engine, plan.base.reference, options)
      : await builtImage(engine, spec, plan.base, baseTagOf(id), options);
  if (Object.keys(plan.features).length === 0) {
    return base;
  }
  const hash = hashOf([base.id, await hashFeatures(plan, signal)]);
  const current = await inspectImage(engine, tag);
  if (current?.labels[CONTEXT_LABEL] === hash && !options.rebuild) {
    return current;
  }
  const labels = { [CONTEXT_LABEL]: hash, 'bulkhead.folder': spec.folder };
  const env = { ...(options.env ?? process.env), DOCKER_HOST: engine.endpoint };
  await buildFeatures(plan, base.reference, tag, labels, engine.buildKit, { ...options, env });
  return { ...(await expectImage(engine, tag)), cached: false };
}

async function engineId(engine: Engine, reference: string): Promise<string | undefined> {
  try {
    return (await engine.docker.getImage(reference).inspect()).Id;
  } catch {
    // Not here yet, or no reference at all: the build itself will say.
    return undefined;
  }
}

async function expectImage(engine: Engine, reference: string): Promise<BuiltImage> {
  const image = await inspectImage(engine, reference);
  if (!image) {
    throw new BulkheadError(`The Engine does not have the image ${reference} that it just made`, {
      next: 'Try again; something else may be removing images.',
    });
  }
  return image;
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
