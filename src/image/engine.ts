import Docker from 'dockerode';
import { withDeadline } from '../core/deadline';
import { BulkheadError, codeOf, isCancelled, messageOf } from '../core/errors';
import type { Log } from '../core/log';
import { type EngineEndpoint, resolveEndpoint } from './engineEndpoint';
import { engineStream } from './engineStream';
import { SshAgent } from './sshAgent';

/** Docker's name of a processor architecture (`amd64`, `arm64`, …). */
export type Architecture = string;

/** A Docker Engine that answers. */
export interface Engine {
  docker: Docker;
  endpoint: string;
  /** The Engine's own id; a remote one's differs from the local one's. */
  id: string;
  arch: Architecture;
  ncpu: number;
  memoryBytes: number;
  version: string;
  /** The builder that it prefers is BuildKit (or the user's DOCKER_BUILDKIT=1 says so). */
  buildKit: boolean;
}

export interface ConnectOptions {
  signal?: AbortSignal | undefined;
  log: Log;
  env?: Readonly<Record<string, string | undefined>>;
}

/** SSH has a key exchange before the first byte. */
const ANSWER_MS = 15_000;
const SSH_ANSWER_MS = 45_000;

const ARCHITECTURES: Record<string, Architecture> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm' };

/** Connects to the Engine that the Docker CLI would use. @throws BulkheadError of kind `host` if none answers. */
export async function connectEngine(options: ConnectOptions): Promise<Engine> {
  const env = options.env ?? process.env;
  const endpoint = await resolveEndpoint(env);
  const docker = new Docker(dockerOptions(endpoint));
  const deadline = {
    what: `The Docker Engine at ${endpoint.url}`,
    ms: endpoint.url.startsWith('ssh:') ? SSH_ANSWER_MS : ANSWER_MS,
    signal: options.signal,
    next: 'Check that `docker info` answers.',
  };
  try {
    return await withDeadline(deadline, async () => {
      const [builder, info] = await Promise.all([builderVersion(docker), docker.info()]);
      if (info.OSType !== 'linux') {
        throw new BulkheadError(`The Docker Engine at ${endpoint.url} runs ${info.OSType} containers`, {
          kind: 'host',
          next: 'Switch it to Linux containers.',
        });
      }
      const version = String(info.ServerVersion);
      options.log.debug(`Docker Engine ${version} at ${endpoint.url} (${endpoint.source})`);
      const wish = env['DOCKER_BUILDKIT'];
      return {
        docker,
        endpoint: endpoint.url,
        id: String(info.ID),
        arch: ARCHITECTURES[info.Architecture] ?? info.Architecture,
        ncpu: info.NCPU,
        memoryBytes: info.MemTotal,
        version,
        buildKit: wish ? wish !== '0' && wish !== 'false' : builder === '2',
      };
    });
  } catch (error) {
    if (error instanceof BulkheadError || isCancelled(error)) {
      throw error;
    }
    throw unreachable(endpoint, error);
  }
}

function dockerOptions({ url, tls }: EngineEndpoint): Docker.DockerOptions {
  // Every key is given, as docker-modem fills the others from its own reading of the environment.
  const nothing = { socketPath: undefined, host: undefined, port: undefined, username: undefined };
  const blank = {
    ...nothing,
    ca: undefined,
    cert: undefined,
    key: undefined,
    pathPrefix: '/',
    timeout: undefined,
  };
  const [, scheme, rest = ''] = /^(\w+):\/\/(.*)$/.exec(url) ?? [];
  let options: Record<string, unknown>;
  if (scheme === 'unix' || scheme === 'npipe') {
    options = { ...blank, protocol: 'http', socketPath: rest };
  } else if (scheme === 'ssh') {
    options = { ...blank, protocol: 'http', host: 'docker', port: 80, agent: new SshAgent(url) };
  } else if (scheme === 'tcp' || scheme === 'http' || scheme === 'https') {
    const { hostname, port } = new URL(`tcp://${rest}`);
    const secure = tls !== undefined || scheme === 'https';
    options = {
      ...blank,
      protocol: secure ? 'https' : 'http',
      host: hostname,
      port: port || (secure ? 2376 : 2375),
    };
    if (tls) {
      const { skipVerify, ...material } = tls;
      Object.assign(options, material);
      if (skipVerify) {
        options['checkServerIdentity'] = () => undefined;
      }
    }
  } else {
    throw new BulkheadError(`Not a Docker endpoint: ${url}`, {
      kind: 'host',
      next: 'Set DOCKER_HOST or the Docker context to a unix://, npipe://, tcp:// or ssh:// address.',
    });
  }
  return options as Docker.DockerOptions;
}

/** `Builder-Version` of `GET /_ping`: 1 is the classic builder, 2 BuildKit (Engine API 1.38 and later). */
async function builderVersion(docker: Docker): Promise<string | undefined> {
  const answer = await engineStream(docker, '/_ping');
  answer.resume();
  return String(answer.headers['builder-version'] ?? '');
}

const REASONS: Record<string, [why: string, next: string]> = {
  ENOENT: [
    'nothing is there',
    'Install and start Docker, or point DOCKER_HOST or the Docker context at an Engine.',
  ],
  EACCES: [
    'this account may not use it',
    'Add the account to the `docker` group and log in again, or use rootless Docker.',
  ],
  EPERM: [
    'this account may not use it',
    'Add the account to the `docker` group and log in again, or use rootless Docker.',
  ],
  ECONNREFUSED: ['nothing answers there', 'Start Docker (for example with `systemctl start docker`).'],
  ECONNRESET: ['it closed the connection', 'Look at the Engine’s own log, and restart it.'],
  ENOTFOUND: ['there is no host of that name', 'Correct DOCKER_HOST or the Docker context.'],
  EAI_AGAIN: [
    'the host’s name can’t be looked up',
    'Check the network, or correct DOCKER_HOST or the Docker context.',
  ],
  EHOSTUNREACH: [
    'the host can’t be reached',
    'Check the network, or correct DOCKER_HOST or the Docker context.',
  ],
  ETIMEDOUT: ['the host does not answer', 'Check the network, or correct DOCKER_HOST or the Docker context.'],
};

function unreachable(endpoint: EngineEndpoint, error: unknown): BulkheadError {
  const [why, next] = REASONS[codeOf(error) ?? ''] ?? [messageOf(error), 'Check that `docker info` answers.'];
  const from = endpoint.source === 'default' ? '' : ` (from ${endpoint.source})`;
  return new BulkheadError(`No Docker Engine at ${endpoint.url}${from}: ${why}`, {
    kind: 'host',
    next,
    cause: error,
  });
}
