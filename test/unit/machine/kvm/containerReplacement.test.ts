import type { ContainerCreateOptions } from 'dockerode';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../../../src/image/engine';
import { findContainer, replaceContainer } from '../../../../src/machine/kvm/containerReplacement';

const NAME = 'bulkhead-m';
const NEXT = 'bulkhead-m.next';

/** Containers by name, as the Engine keeps them; it can die before any request that changes something. */
function fakeEngine(containers: Map<string, string>, dieBefore: { request: number }) {
  let requests = 0;
  const change = () => {
    requests += 1;
    if (requests === dieBefore.request) {
      throw new Error('killed');
    }
  };
  const failure = (statusCode: number) => Object.assign(new Error(String(statusCode)), { statusCode });
  const getContainer = (name: string) => ({
    inspect: async () => {
      if (!containers.has(name)) {
        throw failure(404);
      }
      return { Config: { Labels: { made: containers.get(name) } } };
    },
    remove: async () => {
      if (!containers.has(name)) {
        throw failure(404);
      }
      change();
      containers.delete(name);
    },
    rename: async (to: { name: string }) => {
      if (containers.has(to.name)) {
        throw failure(409);
      }
      change();
      containers.set(to.name, containers.get(name) ?? '');
      containers.delete(name);
    },
  });
  const createContainer = async ({ name = '', Image = '' }: ContainerCreateOptions) => {
    change();
    containers.set(name, Image);
    return getContainer(name);
  };
  return { docker: { getContainer, createContainer } } as unknown as Engine;
}

describe('replaceContainer', () => {
  let containers: Map<string, string>;
  beforeEach(() => {
    containers = new Map([[NAME, 'old']]);
  });

  const replace = (engine: Engine) =>
    replaceContainer(engine, 'm', engine.docker.getContainer(NAME), { Image: 'new' });

  it('leaves the new one under the name', async () => {
    await replace(fakeEngine(containers, { request: 0 }));
    expect([...containers]).toEqual([[NAME, 'new']]);
  });

  it.each([1, 2, 3])('killed before its change %i, the machine is found again', async (request) => {
    await expect(replace(fakeEngine(containers, { request }))).rejects.toThrow('killed');
    const engine = fakeEngine(containers, { request: 0 });
    expect(await findContainer(engine, 'm')).toBeDefined();
    expect(containers.has(NAME)).toBe(true);
    await replace(engine);
    expect([...containers]).toEqual([[NAME, 'new']]);
  });

  it('a machine that never was is not found', async () => {
    expect(await findContainer(fakeEngine(new Map(), { request: 0 }), 'm')).toBeUndefined();
    expect(await findContainer(fakeEngine(new Map([[NEXT, 'x']]), { request: 0 }), 'other')).toBeUndefined();
  });
});
