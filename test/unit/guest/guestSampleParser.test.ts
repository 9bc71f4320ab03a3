import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGuestSample, parseListeningPorts } from '../../../src/guest/guestSampleParser';

const hex = (text: string) => Buffer.from(text).toString('hex');

/** Elapsed, CPUs, memory, disk, I/O, network, processes: as guest/agent/resources.c prints them. */
const SAMPLE = `sample 1000 2 500 10 2000 1000 300 9000 4000 2048 4096 100 200 7 2 31 1000 0 4950 5000 ${hex('node')} 1 0 1 0 600 -`;

describe('parseGuestSample', () => {
  it('reads what the agent writes', () => {
    expect(parseGuestSample(SAMPLE)).toEqual({
      cpuPercent: [50, 1],
      memory: { totalBytes: 2000, usedBytes: 700, cachedBytes: 300, freeBytes: 1000 },
      disk: { sizeBytes: 9000, usedBytes: 4000 },
      readBytesPerSecond: 2048,
      writeBytesPerSecond: 4096,
      network: { receivedBytesPerSecond: 100, sentBytesPerSecond: 200 },
      processCount: 7,
      processes: [
        { pid: 31, uid: 1000, cpuPercent: 49.5, memoryBytes: 5000, name: 'node' },
        { pid: 1, uid: 0, cpuPercent: 0, memoryBytes: 600, name: '?', kit: true },
      ],
    });
  });

  it('counts over the time that passed', () => {
    const sample = parseGuestSample('sample 250 1 125 8 4 2 8 4 1000 500 250 125 1 0');
    expect(sample.cpuPercent).toEqual([50]);
    expect(sample.readBytesPerSecond).toBe(4000);
    expect(sample.network).toEqual({ receivedBytesPerSecond: 1000, sentBytesPerSecond: 500 });
  });

  it.each([
    ['nothing', ''],
    ['another word', SAMPLE.replace('sample', 'Sample')],
    ['a negative number', SAMPLE.replace(' 2000 ', ' -2000 ')],
    ['no number', SAMPLE.replace(' 2000 ', ' NaN ')],
    ['a fraction', SAMPLE.replace(' 2000 ', ' 2000.5 ')],
    ['an exponent', SAMPLE.replace(' 2000 ', ' 2e9 ')],
    ['a number beyond what a double holds', SAMPLE.replace(' 2000 ', ' 9007199254740993 ')],
    ['two spaces', SAMPLE.replace(' 2000 ', '  2000 ')],
    ['a missing field', SAMPLE.replace(' 2000 ', ' ')],
    ['a field too many', `${SAMPLE} 1`],
    ['a million CPUs', SAMPLE.replace('1000 2 ', '1000 1000000 ')],
    ['more processes than the agent sends', SAMPLE.replace('7 2 31', '7 11 31')],
    ['a name of 64 KiB', SAMPLE.replace(hex('node'), '41'.repeat(65_536))],
    ['half a byte in a name', SAMPLE.replace(hex('node'), '4')],
    ['a name that is not hex', SAMPLE.replace(hex('node'), 'node')],
    ['a pid beyond the kernel’s largest', SAMPLE.replace(' 31 ', ' 4194305 ')],
    ['a carriage return', `${SAMPLE}\r`],
  ])('refuses %s', (_, line) => {
    expect(() => parseGuestSample(line)).toThrow(/The VM’s watcher/);
  });

  it('holds a guest to what can be', () => {
    // 4 GB free of 2, a disk fuller than it is large, a CPU that is busy for longer than the time, and a time of 0.
    const sample = parseGuestSample(
      `sample 0 1 999999 2000 4000 9000 100 900 1 1 1 1 3 1 5 0 0 99999999 5 ${hex('x')}`,
    );
    expect(sample.cpuPercent).toEqual([100]);
    expect(sample.memory).toEqual({ totalBytes: 2000, usedBytes: 0, cachedBytes: 0, freeBytes: 2000 });
    expect(sample.disk.usedBytes).toBe(100);
    expect(sample.processes[0]?.cpuPercent).toBe(100);
    expect(Number.isFinite(sample.readBytesPerSecond)).toBe(true);
  });

  it('shows no control character, escape code or direction mark of a name', () => {
    const evil = '\u001b]0;owned\u0007\u001b[31mrm\n\r\t\u0000 \u202e-rf';
    const line = `sample 1000 0 1 1 0 1 1 0 0 0 0 1 1 5 0 0 0 5 ${hex(evil)}`;
    expect(parseGuestSample(line).processes[0]?.name).toBe('rm -rf');
    const broken = 'sample 1000 0 1 1 0 1 1 0 0 0 0 1 1 5 0 0 0 5 fffe41';
    expect(parseGuestSample(broken).processes[0]?.name).toBe('\ufffd\ufffdA');
  });

  it('gives only finite, sane numbers or throws, whatever the line', () => {
    const word = fc.oneof(
      fc.nat().map(String),
      fc.constantFrom('sample', '-', 'NaN', '-1', '1e99', '', '999999999999999', '4142', '\u001b[2J'),
      fc.string(),
    );
    const numbers = fc.array(fc.oneof(fc.nat(20), fc.nat(), fc.constant(999_999_999_999_999)).map(String), {
      minLength: 12,
      maxLength: 30,
    });
    const line = fc.oneof(
      numbers.map((words) => `sample ${words.join(' ')}`),
      fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(line, (text) => {
        let sample: ReturnType<typeof parseGuestSample>;
        try {
          sample = parseGuestSample(text);
        } catch (error) {
          expect((error as Error).name).toBe('BulkheadError');
          return;
        }
        const all = JSON.stringify(sample, (_, value: unknown) => {
          if (typeof value === 'number') {
            expect(Number.isFinite(value) && value >= 0).toBe(true);
          }
          return value;
        });
        expect(all.length).toBeLessThan(10_000);
      }),
      { numRuns: 500 },
    );
  });
});

describe('parseListeningPorts', () => {
  it('reads what the agent writes, lowest port first', () => {
    const line = `ports 3 3000 any 12 ${hex('node')} 80 loopback 0 - 53 other 7 ${hex('dnsmasq')}`;
    expect(parseListeningPorts(line)).toEqual([
      { port: 53, address: 'other', process: { pid: 7, name: 'dnsmasq' } },
      { port: 80, address: 'loopback' },
      { port: 3000, address: 'any', process: { pid: 12, name: 'node' } },
    ]);
    expect(parseListeningPorts('ports 0')).toEqual([]);
  });

  it('has one entry a port: the most reachable, and one with a process', () => {
    const name = hex('x');
    const line = `ports 5 80 loopback 3 ${name} 80 any 0 - 80 any 4 ${name} 80 other 5 ${name} 81 loopback 1 ${name}`;
    expect(parseListeningPorts(line)).toEqual([
      { port: 80, address: 'any', process: { pid: 4, name: 'x' } },
      { port: 81, address: 'loopback', process: { pid: 1, name: 'x' } },
    ]);
  });

  it('never lists the kit’s own sshd, or port 0', () => {
    expect(parseListeningPorts(`ports 2 22 any 205 ${hex('sshd')} 0 any 1 -`)).toEqual([]);
  });

  it.each([
    ['a million ports', `ports 1000000${' 80 any 0 -'.repeat(1000)}`],
    ['more ports than it says', 'ports 1 80 any 0 - 81 any 0 -'],
    ['fewer', 'ports 2 80 any 0 -'],
    ['a port beyond 65535', 'ports 1 65536 any 0 -'],
    ['a negative port', 'ports 1 -80 any 0 -'],
    ['an address of its own', 'ports 1 80 https://evil 0 -'],
    ['a name of 65 bytes', `ports 1 80 any 1 ${'41'.repeat(65)}`],
    ['markup for a name', 'ports 1 80 any 1 <b>'],
    ['no count', 'ports'],
    ['another line', 'sample 1000'],
  ])('refuses %s', (_, line) => {
    expect(() => parseListeningPorts(line)).toThrow(/The VM’s watcher/);
  });

  it('takes the most that the agent sends', () => {
    const names = Array.from({ length: 512 }, (_, n) => ` ${1000 + n} any ${n} ${'41'.repeat(64)}`);
    expect(parseListeningPorts(`ports 512${names.join('')}`)).toHaveLength(512);
  });
});
