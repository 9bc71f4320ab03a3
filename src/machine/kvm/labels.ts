import type { OnClose } from '../../settings/workspaceSpec';
import type { Accelerator, MachineInfo, MachineSpec, Share } from '../hypervisor';

/** Every label of ours begins so; `bulkhead.machine` holds the id and marks a machine's container and volume. */
export const MACHINE_LABEL = 'bulkhead.machine';
/** The id of the machine, on the container that is its proxy (network/proxyContainer.ts). */
export const PROXY_LABEL = 'bulkhead.proxy';

const NAMES = {
  id: MACHINE_LABEL,
  name: 'bulkhead.name',
  folder: 'bulkhead.folder',
  accelerator: 'bulkhead.accelerator',
  cpus: 'bulkhead.cpus',
  memoryBytes: 'bulkhead.memory',
  diskBytes: 'bulkhead.disk-size',
  user: 'bulkhead.user',
  workspaceFolder: 'bulkhead.workspace',
  diskKey: 'bulkhead.disk',
  imageId: 'bulkhead.image',
  imageReference: 'bulkhead.image-reference',
  specHash: 'bulkhead.spec',
  generation: 'bulkhead.generation',
  onClose: 'bulkhead.on-close',
} as const;

/** `ro` or `rw`, and the account's `uid:gid` in the guest: what a mounted folder is served with at each start. */
const SHARED_LABEL = 'bulkhead.shared';

/** What the labels of a machine's container tell; the rest of `MachineInfo` is the container's state. */
export type LabelledMachine = Omit<
  MachineInfo,
  'state' | 'reason' | 'networkMode' | 'workspaceMode' | 'readOnly' | 'onCloseChosen' | 'createdAt'
>;

/** Nothing secret goes here: anyone who may list containers reads labels. */
export function labelsOf(spec: MachineSpec, accelerator: Accelerator): Record<string, string> {
  const values: LabelledMachine = { ...spec, accelerator };
  const { share } = spec;
  return {
    ...Object.fromEntries(
      Object.entries(NAMES).map(([key, label]) => [
        label,
        String(values[key as keyof LabelledMachine] ?? ''),
      ]),
    ),
    ...(share && {
      [SHARED_LABEL]: `${share.readOnly ? 'ro' : 'rw'} ${share.guestOwner.uid}:${share.guestOwner.gid}`,
    }),
  };
}

/** How the machine's folder is to be served, or undefined if the labels don't say so. */
export function shareOfLabels(labels: Record<string, string>): Share | undefined {
  const [, way, uid, gid] = /^(ro|rw) (\d{1,10}):(\d{1,10})$/.exec(labels[SHARED_LABEL] ?? '') ?? [];
  return way === undefined
    ? undefined
    : { readOnly: way === 'ro', guestOwner: { uid: Number(uid), gid: Number(gid) } };
}

/** The machine that a container's labels describe, or undefined if they are not whole. */
export function machineOfLabels(labels: Record<string, string>): LabelledMachine | undefined {
  const text = (key: keyof typeof NAMES) => labels[NAMES[key]] ?? '';
  const onClose = text('onClose');
  const machine: LabelledMachine = {
    id: text('id'),
    name: text('name'),
    folder: text('folder'),
    accelerator: text('accelerator') as Accelerator,
    cpus: Number(text('cpus')),
    memoryBytes: Number(text('memoryBytes')),
    diskBytes: Number(text('diskBytes')),
    user: text('user'),
    workspaceFolder: text('workspaceFolder'),
    diskKey: text('diskKey'),
    imageId: text('imageId'),
    imageReference: text('imageReference'),
    specHash: text('specHash'),
    generation: text('generation'),
    ...(isOnClose(onClose) && { onClose }),
  };
  const whole =
    /^[a-z0-9][a-z0-9-]{0,62}$/.test(machine.id) &&
    /^[0-9a-f]{64}$/.test(machine.diskKey) &&
    ['kvm', 'tcg', 'hyperv'].includes(machine.accelerator) &&
    [machine.cpus, machine.memoryBytes, machine.diskBytes].every((n) => Number.isSafeInteger(n) && n > 0);
  return whole ? machine : undefined;
}

function isOnClose(text: string): text is OnClose {
  return text === 'suspend' || text === 'stop' || text === 'keep';
}
