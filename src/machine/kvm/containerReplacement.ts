import type { Container, ContainerCreateOptions } from 'dockerode';
import type { Engine } from '../../image/engine';
import { statusOf } from '../../image/engineFailure';
import { containerName, nextContainerName } from './jail';

/**
 * Puts a new container in the old one's place. At any moment in between one of them is there, so a machine whose settings changed is
 * never gone, whoever is killed: its labels tell what its disk belongs to.
 */
export async function replaceContainer(
  engine: Engine,
  id: string,
  old: Container,
  wanted: ContainerCreateOptions,
): Promise<void> {
  const name = nextContainerName(id);
  // Left by somebody who was killed before he removed the old one.
  await engine.docker.getContainer(name).remove({ force: true }).catch(unless(404));
  const next = await engine.docker.createContainer({ ...wanted, name });
  await old.remove();
  await next.rename({ name: containerName(id) });
}

/** The machine's container, or undefined. One whose replacement was cut short gets its name now. */
export async function findContainer(engine: Engine, id: string): Promise<Container | undefined> {
  const container = engine.docker.getContainer(containerName(id));
  if (await isThere(container)) {
    return container;
  }
  const next = engine.docker.getContainer(nextContainerName(id));
  if (!(await isThere(next))) {
    return undefined;
  }
  // 404, 409: another process has just done it.
  await next.rename({ name: containerName(id) }).catch(unless(404, 409));
  return (await isThere(container)) ? container : undefined;
}

/** For `catch`: throws on, unless the Engine answered with one of these. */
export function unless(...statuses: number[]): (error: unknown) => void {
  return (error) => {
    if (!statuses.includes(statusOf(error) ?? 0)) {
      throw error;
    }
  };
}

async function isThere(container: Container): Promise<boolean> {
  try {
    await container.inspect();
    return true;
  } catch (error) {
    unless(404)(error);
    return false;
  }
}
