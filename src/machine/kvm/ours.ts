import { containerName, nextContainerName, proxyName } from './jail';
import { MACHINE_LABEL, PROXY_LABEL } from './labels';
import { SHARE_LABEL, shareContainerName } from './shareContainer';

const NAME_OF = {
  [MACHINE_LABEL]: containerName,
  [PROXY_LABEL]: proxyName,
  [SHARE_LABEL]: shareContainerName,
};

interface ListedContainer {
  readonly Names: readonly string[];
  readonly Labels: Record<string, string>;
}

export type ContainerLabel = keyof typeof NAME_OF;
export const CONTAINER_LABELS = { machine: MACHINE_LABEL, proxy: PROXY_LABEL, share: SHARE_LABEL } as const;

/**
 * The machine whose container (proxy, share) a listed container is, or undefined: it is somebody else's. A label alone proves nothing:
 * containers have those of their image. The name is ours alone.
 */
export function machineIdOfListed(container: ListedContainer, label: ContainerLabel): string | undefined {
  const id = container.Labels[label];
  return id !== undefined && container.Names.includes(`/${NAME_OF[label](id)}`) ? id : undefined;
}

/** Of all listed containers, those that are machines: each id once. One whose replacement was cut short has another name still. */
export function machinesAmong<T extends ListedContainer>(containers: readonly T[]): [string, T][] {
  const whole = containers.flatMap((container): [string, T][] => {
    const id = machineIdOfListed(container, MACHINE_LABEL);
    return id === undefined ? [] : [[id, container]];
  });
  const ids = new Set(whole.map(([id]) => id));
  const next = containers.flatMap((container): [string, T][] => {
    const id = container.Labels[MACHINE_LABEL];
    return id !== undefined && !ids.has(id) && container.Names.includes(`/${nextContainerName(id)}`)
      ? [[id, container]]
      : [];
  });
  return [...whole, ...next];
}

/** As `volumeName`, `proxyVolumeName` and `shareVolumeName` name them. */
const VOLUME_NAME = /^bulkhead-(?:machine|proxy|share)-([a-z0-9][a-z0-9-]*)$/;

/** The machine whose volume it is. By name alone: where a container names a volume that is missing, the Engine makes one without labels. */
export function machineIdOfVolume({ Name: name }: { Name: string }): string | undefined {
  return VOLUME_NAME.exec(name)?.[1];
}
