import type { Container } from 'dockerode';
import { BulkheadError } from '../../core/errors';
import { NumberFields } from '../../core/numberFields';
import type { Engine } from '../../image/engine';
import type { DiskUse, WaitOptions } from '../hypervisor';
import { execOutput, runOnce } from './containerExec';
import { onceContainer } from './jail';
import type { LabelledMachine } from './labels';

const SCRIPT = '/usr/lib/bulkhead/disk/use.sh';
const USE_MS = 60_000;

/** Asks the files themselves: in the machine's container if it runs, else in one of the same image beside its volumes. */
export async function diskUse(
  engine: Engine,
  container: Container,
  machine: LabelledMachine,
  others: string[],
  options: WaitOptions,
): Promise<DiskUse> {
  const what = `The disk use of ${machine.id}`;
  const command: [string, ...string[]] = [SCRIPT, machine.diskKey, ...others];
  const found = await container.inspect();
  if (found.State.Running) {
    const text = await execOutput(engine, container, command, { what, ms: USE_MS, ...options });
    return parseDiskUse(text, machine.diskBytes);
  }
  const once = onceContainer(found.Image, command, { machineId: machine.id, layers: true });
  const { exitCode, output } = await runOnce(engine, once, { what, ms: USE_MS, ...options });
  if (exitCode !== 0) {
    throw new BulkheadError(`${what} can't be read: ${output}`);
  }
  return parseDiskUse(output, machine.diskBytes);
}

/** Parses what guest/disk/use.sh prints. */
export function parseDiskUse(text: string, upperLimitBytes: number): DiskUse {
  const use: DiskUse = {
    layers: [],
    sharedBytes: 0,
    ownBytes: 0,
    upperBytes: 0,
    upperLimitBytes,
    savedMemoryBytes: 0,
  };
  const count = (bytes: number, machines: number) => {
    use[machines > 1 ? 'sharedBytes' : 'ownBytes'] += bytes;
  };
  for (const line of text.split('\n').filter(Boolean)) {
    const fields = new NumberFields(line, 'The layer store');
    switch (fields.word(/^(layer|tree|upper|memory)$/)) {
      case 'layer': {
        const diffId = `sha256:${fields.word(/^[0-9a-f]{64}$/)}`;
        const layer = { diffId, bytes: fields.number(), machines: fields.number() };
        use.layers.push(layer);
        count(layer.bytes, layer.machines);
        break;
      }
      case 'tree':
        count(fields.number(), fields.number());
        break;
      case 'upper':
        use.upperBytes = fields.number();
        break;
      default:
        use.savedMemoryBytes = fields.number();
    }
    fields.end();
  }
  return use;
}
