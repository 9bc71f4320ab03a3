import { codeOf } from '../../core/errors';
import type { Engine } from '../../image/engine';
import type { DoctorAction, DoctorFinding } from './doctorFinding';
import { count, sizeText } from './words';

const GIB = 2 ** 30;
/** A default machine with its VMM, and room for a build beside it. */
const COMFORTABLE_MEMORY = 4 * GIB;
const INSTALL: DoctorAction = { kind: 'open', url: 'https://docs.docker.com/engine/install/' };
const DESKTOP: DoctorAction = { kind: 'open', url: 'https://docs.docker.com/desktop/' };

export function engineFindings(engine: Engine): DoctorFinding[] {
  const builder = engine.buildKit ? 'BuildKit' : 'classic builder';
  return [
    {
      id: 'engine',
      status: 'ok',
      message: `Docker Engine ${engine.version} at ${engine.endpoint} (${engine.arch}, ${count(engine.ncpu, 'CPU')}, ${builder})`,
    },
  ];
}

/** True if the Engine's host is this computer, where a command in a terminal reaches it. */
export function isLocal(
  engine: Pick<Engine, 'endpoint'>,
  platform: NodeJS.Platform = process.platform,
): boolean {
  return platform === 'linux' && engine.endpoint === 'unix:///var/run/docker.sock';
}

/** What may bring an Engine that does not answer to life, by the system's own code for the failure. */
export function engineFixes(
  error: unknown,
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): DoctorAction[] {
  const code = codeOf(error instanceof Error ? error.cause : undefined);
  const actions: DoctorAction[] = [];
  // An Engine that the user named is elsewhere, or not started by the system.
  const own = !env['DOCKER_HOST'] && !env['DOCKER_CONTEXT'];
  if (platform === 'linux' && own && (code === 'ENOENT' || code === 'ECONNREFUSED')) {
    actions.push({ kind: 'terminal', command: 'sudo systemctl start docker' });
  }
  if (platform === 'linux' && own && (code === 'EACCES' || code === 'EPERM')) {
    actions.push({ kind: 'terminal', command: 'sudo usermod -aG docker "$USER"' });
  }
  if (own && (code === 'ENOENT' || code === 'ECONNREFUSED')) {
    actions.push(platform === 'linux' ? INSTALL : DESKTOP);
  }
  return [...actions, { kind: 'recheck' }];
}

export function memory(engine: Engine): DoctorFinding {
  const message = `The Engine's host has ${sizeText(engine.memoryBytes)} of memory`;
  return engine.memoryBytes < COMFORTABLE_MEMORY
    ? {
        id: 'memory',
        status: 'slow',
        message,
        fix: 'Give machines less with "memory" in .bulkhead.json, or use a host with 4 GiB or more.',
        actions: [{ kind: 'setting', key: 'bulkhead.memory' }],
      }
    : { id: 'memory', status: 'ok', message };
}

/** A finding only if the kit does not run there. */
export function architecture(engine: Engine): DoctorFinding[] {
  return engine.arch === 'amd64'
    ? []
    : [
        {
          id: 'architecture',
          status: 'missing',
          message: `The Engine's host is ${engine.arch}; the kit is for amd64 only so far`,
          fix: 'Use an x86-64 host, for example by way of DOCKER_HOST.',
        },
      ];
}
