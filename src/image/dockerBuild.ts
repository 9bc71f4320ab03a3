import type { Readable } from 'node:stream';
import type { AuthConfig, ImageBuildOptions } from 'dockerode';
import { throwIfAborted } from '../core/deadline';
import { BulkheadError, messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { Phase, ReportProgress } from '../core/progress';
import { baseImages } from './baseImages';
import { type BuildContext, packBuildContext } from './buildContext';
import { BuildOutput } from './buildOutput';
import { needsBuildKit } from './dockerfile';
import type { Engine } from './engine';
import { saysDiskFull } from './engineFailure';
import { parseImageReference } from './imageReference';
import { jsonLines } from './jsonLines';
import { credentialsFor } from './registryCredentials';

export interface DockerBuild {
  context: BuildContext;
  /** The name that the image gets once it is whole. */
  tag: string;
  args: Record<string, string>;
  labels: Record<string, string>;
  target?: string | undefined;
  noCache?: boolean;
  /** What is built, for messages: "The image of my-project". */
  what: string;
  phase: Phase;
}

export interface BuildRun {
  signal?: AbortSignal | undefined;
  log: Log;
  onProgress?: ReportProgress | undefined;
  env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Builds an image with the Engine's own builder (the classic one or BuildKit). When `signal` aborts, the connection
 * closes, and the Engine stops the step that runs.
 */
export async function dockerBuild(engine: Engine, build: DockerBuild, run: BuildRun): Promise<void> {
  const { signal, log } = run;
  throwIfAborted(signal);
  const env = run.env ?? process.env;
  const buildKit = engine.buildKit || needsBuildKit(build.context.dockerfileText);
  const options: ImageBuildOptions & { abortSignal?: AbortSignal } = {
    t: build.tag,
    dockerfile: build.context.dockerfile,
    buildargs: build.args,
    labels: build.labels,
    rm: true,
    forcerm: true,
    ...(build.target !== undefined && { target: build.target }),
    ...(build.noCache && { nocache: true }),
    // Only from the environment of whoever runs Bulkhead: a repo must not reach the host's network.
    ...(env['BULKHEAD_BUILD_NETWORK'] === 'host' && { networkmode: 'host' }),
    ...(buildKit && { version: '2' as const }),
    ...(signal && { abortSignal: signal }),
  };
  const credentials = await baseCredentials(build, run);
  const [first] = Object.values(credentials);
  if (buildKit && first) {
    // dockerode answers BuildKit with one account for every registry; more than one would leak between them.
    if (Object.keys(credentials).length === 1) {
      options.authconfig = first;
    }
  } else if (first) {
    options.registryconfig = credentials as NonNullable<ImageBuildOptions['registryconfig']>;
  }
  const output = new BuildOutput(
    (line) => log.info(line),
    (step) => {
      log.info(step);
      run.onProgress?.({ phase: build.phase, message: step });
    },
  );
  const packed = packBuildContext(build.context, { buildKit, signal });
  let packFailure: unknown;
  packed.on('error', (error) => {
    packFailure = error;
  });
  try {
    const stream = (await engine.docker.buildImage(packed, options)) as unknown as Readable;
    const stop = () => stream.destroy();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (buildKit) {
        await followBuildKit(engine, stream, output);
      } else {
        for await (const event of jsonLines(stream)) {
          output.read(event);
        }
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      stream.destroy();
    }
  } catch (error) {
    throwIfAborted(signal);
    if (packFailure instanceof BulkheadError) {
      throw packFailure;
    }
    output.error ??= printable(messageOf(error), 2000).trim();
  }
  throwIfAborted(signal);
  if (output.error !== undefined) {
    throw buildFailure(build, output.error, output);
  }
}

type FollowProgress = (
  stream: Readable,
  onFinished: (error: Error | null) => void,
  onProgress: (event: Record<string, unknown>) => void,
) => void;

/** dockerode 5.0.1 leaves the text of a step's output in the base64 that protobufjs makes of bytes. */
function decodeLogs(event: Record<string, unknown>): Record<string, unknown> {
  const text = typeof event['stream'] === 'string' ? event['stream'].trim() : '';
  const decoded = Buffer.from(text, 'base64');
  return text !== '' && decoded.toString('base64') === text ? { stream: decoded.toString() } : event;
}

/** BuildKit's progress is protobuf; dockerode decodes it. */
function followBuildKit(engine: Engine, stream: Readable, output: BuildOutput): Promise<void> {
  return new Promise((resolve, reject) => {
    const finished = (error: Error | null) => (error ? reject(error) : resolve());
    // Not in @types/dockerode; `modem.followProgress`, which is, doesn't decode.
    const { followProgress } = engine.docker as unknown as { followProgress: FollowProgress };
    followProgress(stream, finished, (event) => output.read(decodeLogs(event)));
  });
}

async function baseCredentials(
  build: DockerBuild,
  { log, signal, env }: BuildRun,
): Promise<Record<string, AuthConfig>> {
  const found: Record<string, AuthConfig> = {};
  for (const base of baseImages(build.context.dockerfileText, build.args)) {
    const registry = registryOf(base);
    if (registry !== undefined && !Object.hasOwn(found, registry)) {
      const auth = await credentialsFor(registry, log, { signal, ...(env && { env }) });
      if (auth) {
        found[registry] = auth;
      }
    }
  }
  return found;
}

/** undefined where the builder itself will say that it is no reference. */
function registryOf(base: string): string | undefined {
  try {
    return parseImageReference(base).registry;
  } catch {
    return undefined;
  }
}

const UNREACHABLE =
  /dial tcp|no such host|i\/o timeout|connection refused|TLS handshake|Client\.Timeout|network is unreachable/i;

function buildFailure(build: DockerBuild, error: string, output: BuildOutput): BulkheadError {
  const details = output.tail() || error;
  const at = output.step === '' ? '' : ` at ${output.step}`;
  const message = `${build.what} can't be built${at}: ${error}`;
  if (saysDiskFull(error) || saysDiskFull(details)) {
    const next = 'Free space with `bulkhead prune` or `docker system prune`, then try again.';
    return new BulkheadError(message, { kind: 'host', details, next });
  }
  if (
    UNREACHABLE.test(error) &&
    /^(?:\[\d+\/\d+\] |\[.*\] )?FROM|load metadata|failed to solve|^$/i.test(output.step || error)
  ) {
    const next = 'Check the network, or put the base image there with `docker pull` or `docker load`.';
    return new BulkheadError(message, { kind: 'host', details, next });
  }
  if (
    /dockerfile parse error|unknown instruction|target stage .* could not be found|failed to reach build target/i.test(
      error,
    )
  ) {
    return new BulkheadError(message, { kind: 'usage', details, next: 'Correct the Dockerfile.' });
  }
  return new BulkheadError(message, { details, next: 'Correct the step, or try again.' });
}
