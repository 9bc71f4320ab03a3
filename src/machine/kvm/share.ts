import type { Container, ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { delay, withDeadline } from '../../core/deadline';
import { BulkheadError, throwIfCancelled } from '../../core/errors';
import { printable } from '../../core/log';
import type { Engine } from '../../image/engine';
import { engineFailure, statusOf } from '../../image/engineFailure';
import type { MachineInfo, Share, WaitOptions } from '../hypervisor';
import { execOutput, plainLog } from './containerExec';
import { MACHINE_LABEL } from './labels';
import {
  SHARE_EXIT,
  SHARE_FOLDER,
  SOCKET_FOLDER,
  shareContainer,
  shareContainerName,
  shareVolumeName,
} from './shareContainer';
import { lookAtSharedFolder } from './sharedFolder';

const READY_S = 20;
const SERVE_MS = 60_000;
const END_SEEN_MS = 2_000;

/** A machine's folder, as it is to be served. */
export interface SharedBy {
  id: string;
  folder: string;
  share: Share;
  /** The guest's memory: virtiofsd reads and writes it. */
  memoryBytes: number;
  /** Id of the image that the machine's own container is of. */
  kitImage: string;
  /** Absolute paths that no mounted folder may hold. */
  keepOut: readonly string[];
}

/** The volume for the socket: it must be there before the container that mounts it. */
export async function makeShareVolume(engine: Engine, id: string): Promise<void> {
  await engine.docker.createVolume({ Name: shareVolumeName(id), Labels: { [MACHINE_LABEL]: id } });
}

/**
 * Serves the folder: looks at it, makes the container anew around it as it is now, and waits until virtiofsd listens.
 * The machine must not run. @throws BulkheadError if the folder can't be mounted
 */
export async function serveShare(engine: Engine, by: SharedBy, options: WaitOptions): Promise<void> {
  const what = `The folder of ${by.id} can’t be mounted`;
  const folder = await lookAtSharedFolder(by.folder, by.share.readOnly, {
    keepOut: by.keepOut,
    endpoint: engine.endpoint,
  });
  if (folder.path !== by.folder) {
    throw new BulkheadError(`${what}: ${printable(by.folder, 300)} is a link now`, { kind: 'usage' });
  }
  await withDeadline({ what, ms: SERVE_MS, signal: options.signal }, async (signal) => {
    try {
      await removeShare(engine, by.id);
      const made = shareContainer(by.id, by.kitImage, folder, by.share, by.memoryBytes);
      const container = await engine.docker.createContainer(made);
      await container.start();
      await listening(engine, container, what, signal);
    } catch (error) {
      await removeShare(engine, by.id);
      throw engineFailure(what, error);
    }
  });
}

async function listening(
  engine: Engine,
  container: Container,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const command = ['/usr/lib/bulkhead/share/ready', String(READY_S)];
    await execOutput(engine, container, command, { what, ms: (READY_S + 10) * 1000, signal });
  } catch (error) {
    throwIfCancelled(error);
    const State = await endedSoon(container, signal);
    if (State.Running) {
      throw error;
    }
    const log = await container.logs({ stdout: true, stderr: true, tail: 10 });
    const words = printable(plainLog(log as unknown as Buffer), 1000).trim();
    if (State.ExitCode === SHARE_EXIT.notWhatWasChecked) {
      throw new BulkheadError(`${what}: the Engine sees something else there than this process (${words})`, {
        kind: 'host',
        cause: error,
        next: 'Try again if the folder was just being changed; else the Engine has other file systems (a VM, another container): set `workspace.mode` to `copy`.',
      });
    }
    throw new BulkheadError(`${what}: its server ended with code ${State.ExitCode}`, {
      cause: error,
      details: words,
      next: 'Check that you may read the folder, or set `workspace.mode` to `copy`.',
    });
  }
}

/** What runs in a container dies with it a moment before the Engine says that it has ended. */
async function endedSoon(container: Container, signal: AbortSignal): Promise<ContainerInspectInfo['State']> {
  for (let left = END_SEEN_MS / 100; ; left--) {
    const { State } = await container.inspect();
    if (!State.Running || left <= 0) {
      return State;
    }
    await delay(100, signal);
  }
}

/** Removes the container that serves a machine's folder, if there is one. */
export async function removeShare(engine: Engine, id: string): Promise<void> {
  try {
    await engine.docker.getContainer(shareContainerName(id)).remove({ force: true });
  } catch (error) {
    // 404: there is none. 409: another process removes it.
    if (statusOf(error) !== 404 && statusOf(error) !== 409) {
      throw engineFailure(`The container that shares the folder of ${id} can't be removed`, error);
    }
  }
}

/** Removes all that a mounted folder needed. The volume of a machine that still has it stays. */
export async function dropShare(engine: Engine, id: string): Promise<void> {
  await removeShare(engine, id);
  try {
    await engine.docker.getVolume(shareVolumeName(id)).remove();
  } catch (error) {
    // 404: there is none. 409: the machine's container has it.
    if (statusOf(error) !== 404 && statusOf(error) !== 409) {
      throw engineFailure(`The socket's volume of ${id} can't be removed`, error);
    }
  }
}

/** What of a container's description counts here; the Engine's list and its inspection both have it. */
interface Described {
  running: boolean;
  mounts: { Destination: string; RW: boolean }[];
}

export const ofInspected = (found: ContainerInspectInfo): Described => ({
  running: found.State.Running,
  mounts: found.Mounts,
});

export const ofListed = (found: ContainerInfo): Described => ({
  running: found.State === 'running',
  mounts: found.Mounts,
});

/** The container that serves a machine's folder, if there is one. */
export async function inspectShare(engine: Engine, id: string): Promise<Described | undefined> {
  try {
    return ofInspected(await engine.docker.getContainer(shareContainerName(id)).inspect());
  } catch (error) {
    if (statusOf(error) === 404) {
      return undefined;
    }
    throw error;
  }
}

/** True if the machine has a mounted folder: its VMM has the socket's volume. */
export function isMounted(vmm: Described): boolean {
  return vmm.mounts.some(({ Destination }) => Destination === SOCKET_FOLDER);
}

/**
 * How the workspace is in the machine, as its containers are really made; only while no container serves it, as the next start
 * will make it (`planned`).
 */
export function workspaceOf(
  vmm: Described,
  share: Described | undefined,
  planned: Share | undefined,
): Pick<MachineInfo, 'workspaceMode' | 'readOnly' | 'reason'> {
  if (!isMounted(vmm)) {
    return { workspaceMode: 'copy' };
  }
  const mount = share?.mounts.find(({ Destination }) => Destination === SHARE_FOLDER);
  return {
    workspaceMode: 'mount',
    readOnly: mount ? !mount.RW : (planned?.readOnly ?? false),
    ...(vmm.running && !share?.running && { reason: SHARE_LOST }),
  };
}

/** Why a running machine is of no use. */
export const SHARE_LOST =
  'what served its mounted folder has ended, so the folder does not answer; a restart mounts it again';
