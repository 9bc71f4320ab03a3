import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import type { Share } from '../hypervisor';
import { PROTECTED_AT_ANY_DEPTH, PROTECTED_AT_TOP } from '../protectedPaths';
import type { SharedFolder } from './sharedFolder';

const MIB = 2 ** 20;

/** Holds the machine's id; marks the container that serves its folder. */
export const SHARE_LABEL = 'bulkhead.share';
/** Where the folder is in that container (guest/share/guard.h knows it too). */
export const SHARE_FOLDER = '/share';
export const SOCKET_FOLDER = '/run/bulkhead-share';
/** guest/share/serve: what is mounted is not what was checked. */
export const SHARE_EXIT = { notWhatWasChecked: 20, noGuard: 21 } as const;

export function shareContainerName(id: string): string {
  return `bulkhead-share-${id}`;
}

/** Holds one socket: what the VMM and virtiofsd talk over. */
export function shareVolumeName(id: string): string {
  return `bulkhead-share-${id}`;
}

/** The volume with virtiofsd's socket. Only virtiofsd makes files in it: a client needs no writable mount. */
export function socketMount(id: string, readOnly: boolean): MountSettings {
  return { Type: 'volume', Source: shareVolumeName(id), Target: SOCKET_FOLDER, ReadOnly: readOnly };
}

/**
 * The container that serves one folder to one machine: virtiofsd as the folder's owner, without any capability, network,
 * device or other file of the host. `memoryBytes` is the guest's: pages that virtiofsd touches first are charged to it.
 */
export function shareContainer(
  id: string,
  kitImage: string,
  folder: SharedFolder,
  share: Share,
  memoryBytes: number,
): ContainerCreateOptions {
  const memory = memoryBytes + 256 * MIB;
  const { owner } = folder;
  const { guestOwner } = share;
  const way = share.readOnly ? 'ro' : 'rw';
  const expected = [
    `${way} ${folder.identity} ${SHARE_FOLDER}`,
    ...folder.protected.map(({ name, identity }) => `ro ${identity} ${SHARE_FOLDER}/${name}`),
  ];
  return {
    name: shareContainerName(id),
    Image: kitImage,
    User: `${owner.uid}:${owner.gid}`,
    WorkingDir: '/',
    Hostname: 'share',
    Entrypoint: ['/usr/lib/bulkhead/share/serve'],
    Cmd: [],
    StopTimeout: 2,
    Labels: { [SHARE_LABEL]: id },
    Env: [
      `BULKHEAD_SHARE=${way}`,
      `BULKHEAD_EXPECTED=${expected.join('\n')}`,
      `BULKHEAD_OWNER=${owner.uid}:${owner.gid}:${guestOwner.uid}:${guestOwner.gid}`,
      `BULKHEAD_PROTECTED=${PROTECTED_AT_ANY_DEPTH.join(':')}`,
      `BULKHEAD_PROTECTED_TOP=${PROTECTED_AT_TOP.join(':')}`,
    ],
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      PidsLimit: 32,
      IpcMode: 'private',
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
      Memory: memory,
      MemorySwap: memory,
      Mounts: [
        socketMount(id, false),
        bind(folder.path, SHARE_FOLDER, share.readOnly),
        ...folder.protected.map(({ name }) =>
          bind(`${folder.path}/${name}`, `${SHARE_FOLDER}/${name}`, true),
        ),
      ],
    },
  };
}

/** What is mounted inside the folder is not shared, so a read-only mount is read-only all over. Not yet in dockerode's types. */
const ONE_FILE_SYSTEM = { Propagation: 'rprivate', NonRecursive: true } as const;

function bind(source: string, target: string, readOnly: boolean): MountSettings {
  return {
    Type: 'bind',
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    BindOptions: ONE_FILE_SYSTEM,
  };
}
