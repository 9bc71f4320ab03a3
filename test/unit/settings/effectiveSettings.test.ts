import { describe, expect, it } from 'vitest';
import { effectiveSettings } from '../../../src/settings/effectiveSettings';
import type { ReadWorkspaceOptions } from '../../../src/settings/readWorkspace';
import { workspace } from './workspaceFixture';

async function origins(files: Record<string, string | object>, options: ReadWorkspaceOptions = {}) {
  const folder = await workspace(files);
  const { settings } = await effectiveSettings(folder, options);
  return Object.fromEntries(
    settings.map(({ key, value, origin: { kind, file, range, key: written } }) => [
      key,
      {
        value,
        from: range ? `${file?.slice(folder.length + 1)}:${range.line + 1}:${range.column + 1}` : kind,
        written,
      },
    ]),
  );
}

const DEVCONTAINER = `{
  "image": "dev:1",
  "remoteUser": "node",
  "forwardPorts": [3000],
  "hostRequirements": { "cpus": 4, "memory": "1gb" },
  "postStartCommand": "true",
  "customizations": { "bulkhead": { "onClose": "keep", "cpus": 3 } }
}`;

describe('effectiveSettings', () => {
  it('takes each value from the strongest layer that has it, and says where it stands', async () => {
    const found = await origins(
      {
        '.bulkhead.json': '{\n  // mine\n  "memory": "3gb",\n  "cpus": 5\n}',
        '.devcontainer/devcontainer.json': DEVCONTAINER,
      },
      {
        overrides: { cpus: 6 },
        defaults: { cpus: 1, memory: '4gb', disk: '40gb', onClose: 'stop', defaultImage: 'mine:1' },
      },
    );
    expect(found).toMatchObject({
      image: { value: 'dev:1', from: '.devcontainer/devcontainer.json:2:12' },
      cpus: { value: 6, from: 'command line' },
      memory: { value: 3 * 1024 ** 3, from: '.bulkhead.json:3:13' },
      disk: { value: 40 * 1024 ** 3, from: 'user settings' },
      onClose: { value: 'keep', from: '.devcontainer/devcontainer.json:7:48' },
      // Not agreed to: where it is asked for, and nothing of it.
      forwardPorts: { value: [], from: '.devcontainer/devcontainer.json:4:19' },
      remoteUser: { value: 'node', from: '.devcontainer/devcontainer.json:3:17' },
      postStartCommand: { value: 'true', from: '.devcontainer/devcontainer.json:6:23' },
      accelerator: { value: 'auto', from: 'default' },
      'network.mode': { value: 'allowlist', from: 'default' },
      workspaceFolder: { value: '/workspaces/app', from: 'default' },
    });
  });

  it('.bulkhead.json goes before customizations, these before hostRequirements, these before the user', async () => {
    const file = { '.devcontainer.json': DEVCONTAINER };
    expect((await origins({ ...file, '.bulkhead.json': { cpus: 2 } }))['cpus']).toMatchObject({
      value: 2,
      from: '.bulkhead.json:1:9',
    });
    expect((await origins(file))['cpus']).toMatchObject({
      value: 3,
      written: 'customizations.bulkhead.cpus',
    });
    const raised = await origins({ '.devcontainer.json': { hostRequirements: { cpus: 4, storage: '1gb' } } });
    expect(raised['cpus']).toMatchObject({ value: 4, written: 'hostRequirements.cpus' });
    expect(raised['disk']).toMatchObject({ from: 'default' });
  });

  it('names the image, the build and the Features by what asks for them', async () => {
    expect((await origins({}, { defaults: { defaultImage: 'mine:1' } }))['image']).toMatchObject({
      value: 'mine:1',
      from: 'user settings',
      written: 'defaultImage',
    });
    const built = await origins({ '.bulkhead.json': '{"build": {}}', Dockerfile: 'FROM scratch' });
    expect(built['build']).toMatchObject({
      value: { dockerfile: 'Dockerfile', context: '.', args: {} },
      from: '.bulkhead.json:1:11',
    });
  });

  it('says why the network is not what a workspace asks for', async () => {
    const folder = await workspace({ '.bulkhead.json': '{"network": {"mode": "full"}}' });
    const { settings } = await effectiveSettings(folder);
    expect(settings.find(({ key }) => key === 'network.mode')).toMatchObject({
      value: 'allowlist',
      origin: { kind: '.bulkhead.json', note: 'asks for more, which you have not allowed' },
    });
  });
});
