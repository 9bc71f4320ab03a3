import { BulkheadError } from '../../core/errors';
import { LAYER_VOLUME, listDisks } from '../../disk/layerStore';
import { inspectImage } from '../../image/builtImage';
import type { Engine } from '../../image/engine';
import { engineFailure, statusOf } from '../../image/engineFailure';
import type { Kit } from '../../image/kit';
import type { MachineInfo, ProbeResult, WaitOptions } from '../../machine/hypervisor';
import { runOnce } from '../../machine/kvm/containerExec';
import { onceContainer } from '../../machine/kvm/jail';
import { prune } from '../prune';
import type { Services } from '../services';
import { wait } from '../wait';
import type { DoctorAction, DoctorFinding, DoctorOptions } from './doctorFinding';
import { isLocal } from './engine';
import { count, sizeText } from './words';

const GIB = 2 ** 30;
/** Not even one image and its machine. */
const NO_SPACE = GIB;
/** Room for an image, its layers in the store and what a machine writes. */
const COMFORTABLE_SPACE = 10 * GIB;
/** From here on leftovers are worth a word. */
const MUCH_LEFT = 5 * GIB;
const PRUNE: DoctorAction = { kind: 'prune' };

/** The kit image; builds it if this version's is not there. */
export async function kitImage(
  services: Services,
  engine: Engine,
  options: DoctorOptions,
): Promise<DoctorFinding[]> {
  const { reference } = await services.kit({ ...wait(options), onProgress: options.onProgress });
  const image = await inspectImage(engine, reference);
  return [
    {
      id: 'kit',
      status: 'ok',
      message: `The kit image is ${reference}${image ? ` (${sizeText(image.sizeBytes)})` : ''}`,
    },
  ];
}

/** Free space where the Engine keeps images and volumes: `df` as a container sees its own root. */
export async function engineDisk(engine: Engine, kit: Kit, options: WaitOptions): Promise<DoctorFinding[]> {
  const what = 'Looking at the Engine’s disk';
  const { exitCode, output } = await runOnce(
    engine,
    onceContainer(kit.id, ['/usr/bin/df', '--block-size=1', '--output=avail,size', '/']),
    { what, ms: 30_000, ...options },
  );
  const [, avail, size] = /^\s*(\d+)\s+(\d+)\s*$/m.exec(output) ?? [];
  if (exitCode !== 0 || avail === undefined || size === undefined) {
    throw new BulkheadError(`${what}: ${output || `exit code ${exitCode}`}`);
  }
  const free = Number(avail);
  const message = `The Engine's disk has ${sizeText(free)} free of ${sizeText(Number(size))}`;
  if (free >= COMFORTABLE_SPACE) {
    return [{ id: 'disk', status: 'ok', message }];
  }
  return [
    {
      id: 'disk',
      status: free < NO_SPACE ? 'missing' : 'warning',
      message,
      fix: 'Free space with `bulkhead prune` or `docker system prune`; an image and its machine want 10 GiB.',
      actions: [PRUNE],
    },
  ];
}

export function accelerators(result: ProbeResult, engine: Pick<Engine, 'endpoint'>): DoctorFinding[] {
  const again: DoctorAction = { kind: 'recheck' };
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
      actions: [...(isLocal(engine) ? kvmFixes(trial.reason ?? '') : []), again],
    } satisfies DoctorFinding;
  });
}

/** Commands for what the probe says of `/dev/kvm` (src/machine/kvm/probe.ts). */
function kvmFixes(reason: string): DoctorAction[] {
  if (reason.startsWith('/dev/kvm has mode')) {
    const command = "sudo sh -c 'groupadd -f kvm && chgrp kvm /dev/kvm && chmod 0660 /dev/kvm'";
    return [{ kind: 'terminal', command }];
  }
  if (reason.includes('no usable /dev/kvm')) {
    return [{ kind: 'terminal', command: 'sudo modprobe kvm_intel || sudo modprobe kvm_amd' }];
  }
  return [];
}

/** What the imported layers take on the Engine's disk. */
export async function layerStore(engine: Engine, kit: Kit, options: WaitOptions): Promise<DoctorFinding[]> {
  try {
    await engine.docker.getVolume(LAYER_VOLUME).inspect();
  } catch (error) {
    if (statusOf(error) === 404) {
      return [{ id: 'layers', status: 'ok', message: 'The layer store is empty' }];
    }
    throw engineFailure('The layer store can’t be looked at', error);
  }
  const { disks, layers } = await listDisks(engine, kit, options);
  const bytes = [...disks, ...layers].reduce((sum, each) => sum + each.bytes, 0);
  const message = `The layer store holds ${count(layers.length, 'layer')} for ${count(disks.length, 'disk')} (${sizeText(bytes)})`;
  return [{ id: 'layers', status: 'ok', message }];
}

export function machines(list: MachineInfo[]): DoctorFinding[] {
  const states = new Map<string, number>();
  for (const { state } of list) {
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  const parts = [...states].map(([state, n]) => `${n} ${state}`);
  const failed = list.find(({ state }) => state === 'failed');
  const message = `${count(list.length, 'machine')}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
  return failed
    ? [
        {
          id: 'machines',
          status: 'warning',
          message,
          fix: `${failed.id} failed${failed.reason ? ` (${failed.reason})` : ''}: start it again, or look at \`bulkhead logs ${failed.id} --console\`.`,
        },
      ]
    : [{ id: 'machines', status: 'ok', message }];
}

/** What `prune` would remove. */
export async function leftovers(services: Services, options: WaitOptions): Promise<DoctorFinding[]> {
  const { removed, freedBytes } = await prune(services, { ...options, dryRun: true });
  if (removed.length === 0) {
    return [{ id: 'leftovers', status: 'ok', message: 'Nothing is left over from machines that are gone' }];
  }
  return [
    {
      id: 'leftovers',
      status: freedBytes > MUCH_LEFT ? 'warning' : 'ok',
      message: `${count(removed.length, 'thing')} that no machine uses (${sizeText(freedBytes)})`,
      fix: 'Remove them with `bulkhead prune`.',
      actions: [PRUNE],
    },
  ];
}
