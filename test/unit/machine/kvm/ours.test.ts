import { describe, expect, it } from 'vitest';
import { isWorkerName, workerName } from '../../../../src/image/workerName';
import {
  CONTAINER_LABELS,
  machineIdOfListed,
  machineIdOfVolume,
  machinesAmong,
} from '../../../../src/machine/kvm/ours';

const listed = (name: string, labels: Record<string, string>) => ({ Names: [`/${name}`], Labels: labels });

describe('what is ours', () => {
  it('is told by name and label together', () => {
    const { machine, proxy, share } = CONTAINER_LABELS;
    expect(machineIdOfListed(listed('bulkhead-app-1', { [machine]: 'app-1' }), machine)).toBe('app-1');
    expect(machineIdOfListed(listed('bulkhead-proxy-app-1', { [proxy]: 'app-1' }), proxy)).toBe('app-1');
    expect(machineIdOfListed(listed('bulkhead-share-app-1', { [share]: 'app-1' }), share)).toBe('app-1');
  });

  it('is not what an image says of itself by labels', () => {
    const { machine, proxy, share } = CONTAINER_LABELS;
    for (const label of [machine, proxy, share]) {
      expect(machineIdOfListed(listed('my-database', { [label]: 'app-1' }), label)).toBeUndefined();
      expect(machineIdOfListed(listed('bulkhead-other', { [label]: 'app-1' }), label)).toBeUndefined();
    }
    expect(machineIdOfListed(listed('bulkhead-app-1', {}), machine)).toBeUndefined();
    expect(isWorkerName(['/my-database'])).toBe(false);
    expect(isWorkerName([`/${workerName('import')}`])).toBe(true);
  });

  it('an id is one machine; one whose replacement was cut short is found under its other name', () => {
    const label = CONTAINER_LABELS.machine;
    const forged = listed('my-database', { [label]: 'a-1' });
    const whole = listed('bulkhead-a-1', { [label]: 'a-1' });
    const next = listed('bulkhead-a-1.next', { [label]: 'a-1' });
    const alone = listed('bulkhead-b-1.next', { [label]: 'b-1' });
    expect(machinesAmong([forged, next, whole, alone])).toEqual([
      ['a-1', whole],
      ['b-1', alone],
    ]);
  });

  it('volumes are known by their names: the Engine makes some without labels', () => {
    for (const name of ['machine', 'proxy', 'share'] as const) {
      expect(machineIdOfVolume({ Name: `bulkhead-${name}-a-1` })).toBe('a-1');
    }
    for (const name of ['data', 'bulkhead-layers', 'my-bulkhead-machine-a-1', 'bulkhead-machine-']) {
      expect(machineIdOfVolume({ Name: name })).toBeUndefined();
    }
  });
});
