import { afterAll, beforeAll, test } from 'vitest';
import type { UpResult } from '../../src/app';
import { silentLog } from '../../src/core/log';
import { connectEngine, type Engine } from '../../src/image/engine';
import { Cli } from './fixtures/cli';
import { loadHardImage } from './fixtures/hardImage';
import { expectTreeOfImage } from './fixtures/machineTree';
import { bareImage, makeWorkspace, type Workspace } from './fixtures/workspace';

const TAG = 'bulkhead-test-tree:1';

let engine: Engine;
let cli: Cli;
let workspace: Workspace;
let machine: UpResult | undefined;

beforeAll(async () => {
  engine = await connectEngine({ log: silentLog });
  await loadHardImage(engine, TAG);
  cli = await Cli.make();
  workspace = await makeWorkspace('tree', bareImage({ image: TAG }));
});

afterAll(async () => {
  if (machine) {
    await cli.remove(machine.id);
  }
  await cli?.dispose();
  await workspace?.dispose();
  await engine?.docker.getImage(TAG).remove({ force: true });
});

test('the guest has exactly the files that a container has', async () => {
  machine = (await cli.ok(['up', workspace.folder, '--json'])).json<UpResult>();
  await expectTreeOfImage(engine, TAG, cli, machine.id);
});
