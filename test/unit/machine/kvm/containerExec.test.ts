import { describe, expect, it } from 'vitest';
import { plainLog } from '../../../../src/machine/kvm/containerExec';

/** One frame of Docker's multiplexed log. */
function frame(stream: 1 | 2, text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

describe('plainLog', () => {
  const log = Buffer.concat([frame(1, 'guest\n'), frame(2, 'vmm\n'), frame(1, 'more\n')]);

  it('tells the guest’s console from the VMM’s own words', () => {
    expect(plainLog(log)).toBe('guest\nvmm\nmore\n');
    expect(plainLog(log, 'stdout')).toBe('guest\nmore\n');
    expect(plainLog(log, 'stderr')).toBe('vmm\n');
  });

  it('survives a log that is cut short', () => {
    expect(plainLog(log.subarray(0, log.length - 3), 'stdout')).toBe('guest\nmo');
    expect(plainLog(Buffer.alloc(5))).toBe('');
    expect(plainLog(Buffer.alloc(0))).toBe('');
  });
});
