import { statfs } from 'node:fs/promises';
import type { DoctorFinding } from '../app';
import { BulkheadError, messageOf, throwIfCancelled } from '../core/errors';
import type { Engine } from '../image/engine';
import type { ProbeResult, WaitOptions } from '../machine/hypervisor';
import { wait } from './openFolder';
import type { Services } from './services';

const GIB = 2 ** 30;
/** A default machine with its VMM, and room for a build beside it. */
const COMFORTABLE_MEMORY = 4 * GIB;

/** Looks at everything a machine needs, and says what is missing and what would make it faster. Nothing is changed but the kit built. */
export async function doctor(services: Services, options: WaitOptions): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  const check = async (id: string, look: () => Promise<DoctorFinding[]>): Promise<boolean> => {
    try {
      findings.push(...(await look()));
      return true;
    } catch (error) {
      throwIfCancelled(error);
      const fix = error instanceof BulkheadError ? error.next : undefined;
      findings.push({ id, status: 'missing', message: messageOf(error), ...(fix !== undefined && { fix }) });
      return false;
    }
  };
  await check('data', async () => [await dataFolder(services)]);
  const connected = await check('engine', async () => {
    const { engine } = await services.connect(wait(options));
    return engineFindings(engine);
  });
  if (!connected) {
    return findings;
  }
  const kit = await check('kit', async () => {
    const { reference } = await services.kit(wait(options));
    return [{ id: 'kit', status: 'ok', message: `The kit image is ${reference}` }];
  });
  if (kit) {
    await check('accelerator', async () => {
      const { hypervisor } = await services.connect(wait(options));
      return accelerators(await hypervisor.probe({ ...wait(options), fresh: true }));
    });
  }
  return findings;
}

async function dataFolder(services: Services): Promise<DoctorFinding> {
  const { root } = services.data;
  // The folder may not be made yet; what holds it has the same disk.
  const { bavail, bsize } = await statfs(root).catch(() => statfs('.'));
  const free = bavail * bsize;
  const message = `Keys and records lie in ${root} (${gib(free)} free)`;
  return free < GIB / 10
    ? { id: 'data', status: 'missing', message, fix: 'Free some space on that disk.' }
    : { id: 'data', status: 'ok', message };
}

function engineFindings(engine: Engine): DoctorFinding[] {
  const findings: DoctorFinding[] = [
    {
      id: 'engine',
      status: 'ok',
      message: `Docker Engine ${engine.version} at ${engine.endpoint} (${engine.arch}, ${engine.ncpu} CPUs, ${engine.buildKit ? 'BuildKit' : 'classic builder'})`,
    },
  ];
  const memory = `The Engine's host has ${gib(engine.memoryBytes)} of memory`;
  findings.push(
    engine.memoryBytes < COMFORTABLE_MEMORY
      ? {
          id: 'memory',
          status: 'slow',
          message: memory,
          fix: 'Give machines less with "memory" in .bulkhead.json, or use a host with 4 GiB or more.',
        }
      : { id: 'memory', status: 'ok', message: memory },
  );
  if (engine.arch !== 'amd64') {
    findings.push({
      id: 'architecture',
      status: 'missing',
      message: `The Engine's host is ${engine.arch}; the kit is for amd64 only so far`,
      fix: 'Use an x86-64 host, for example by way of DOCKER_HOST.',
    });
  }
  return findings;
}

function accelerators(result: ProbeResult): DoctorFinding[] {
  return result.tried.map((trial) => {
    if (trial.works) {
      const slow = trial.accelerator === 'tcg';
      return {
        id: 'accelerator',
        status: slow ? 'slow' : 'ok',
        message: `${trial.accelerator} boots a kernel in ${trial.ms} ms${slow ? ': emulation, many times slower than hardware' : ''}`,
      } satisfies DoctorFinding;
    }
    return {
      id: trial.accelerator,
      // KVM's absence costs speed; without TCG too nothing boots.
      status: trial.accelerator === 'tcg' ? 'missing' : 'slow',
      message: `${trial.accelerator} does not work: ${trial.reason ?? 'unknown reason'}`,
      ...(trial.fix !== undefined && { fix: trial.fix }),
    } satisfies DoctorFinding;
  });
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
