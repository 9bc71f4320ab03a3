// Machines that tests made and did not remove. Only those that appeared meanwhile *and* belong to a folder of the
// tests: somebody may be working in another machine on the same engine.
import { tmpdir } from 'node:os';
import { sep } from 'node:path';
import { capture, ROOT, say } from './setup/run.mjs';

const LABEL = 'bulkhead.machine';

/** @returns {Promise<() => Promise<void>>} removes what appeared since. */
export async function watchLeftovers() {
  const before = new Set((await listMachines()).map(({ id }) => id));
  return async () => {
    await removeTestEngines();
    for (const { id, folder, container } of await listMachines()) {
      if (!before.has(id) && isOfTests(folder)) {
        say(`removing machine ${id}, left by a test`);
        await capture(['docker', 'rm', '-f', container]);
        const volumes = await capture(['docker', 'volume', 'ls', '-q', '--filter', `label=${LABEL}=${id}`]);
        for (const volume of volumes.stdout.split('\n').filter(Boolean)) {
          await capture(['docker', 'volume', 'rm', volume]);
        }
      }
    }
  };
}

/** The second Engine that a test runs in a container; a test that was killed leaves it. */
async function removeTestEngines() {
  const { stdout } = await capture(['docker', 'ps', '-aq', '--filter', 'label=bulkhead.test=engine']);
  for (const container of stdout.split('\n').filter(Boolean)) {
    say('removing a second Engine, left by a test');
    await capture(['docker', 'rm', '-f', '-v', container]);
  }
}

async function listMachines() {
  const ids = await capture(['docker', 'ps', '-aq', '--filter', `label=${LABEL}`]);
  const containers = ids.stdout.split('\n').filter(Boolean);
  if (containers.length === 0) {
    return [];
  }
  const format = `{{.Id}}\t{{index .Config.Labels "${LABEL}"}}\t{{index .Config.Labels "bulkhead.folder"}}`;
  const { stdout } = await capture(['docker', 'inspect', '--format', format, ...containers]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [container = '', id = '', folder = ''] = line.split('\t');
      return { container, id, folder };
    });
}

/** @param {string} folder */
function isOfTests(folder) {
  return [tmpdir(), ROOT].some((parent) => folder.startsWith(parent + sep));
}
