import { describe, expect, it } from 'vitest';
import { labelsOf, machineOfLabels } from '../../../../src/machine/kvm/labels';
import { SPEC } from './spec';

describe('labels', () => {
  it('describe a machine that they can be read back from', () => {
    const labels = labelsOf(SPEC, 'tcg');
    const { accelerator: _asked, networkMode: _mode, guest: _guest, ...described } = SPEC;
    expect(machineOfLabels(labels)).toEqual({ ...described, accelerator: 'tcg' });
  });

  it.each([
    ['bulkhead.machine', '../etc'],
    ['bulkhead.machine', ''],
    ['bulkhead.machine', 'A'],
    ['bulkhead.accelerator', 'magic'],
    ['bulkhead.cpus', 'NaN'],
    ['bulkhead.memory', '-1'],
    ['bulkhead.disk-size', '1e400'],
  ])('that are not whole are no machine: %s=%j', (name, value) => {
    expect(machineOfLabels({ ...labelsOf(SPEC, 'tcg'), [name]: value })).toBeUndefined();
  });

  it('of an unknown onClose leave it out', () => {
    expect(machineOfLabels({ ...labelsOf(SPEC, 'tcg'), 'bulkhead.on-close': 'explode' })).not.toHaveProperty(
      'onClose',
    );
  });
});
