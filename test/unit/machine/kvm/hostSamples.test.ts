import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ExecStream } from '../../../../src/machine/kvm/containerExec';
import { parseHostSample, readHostSamples } from '../../../../src/machine/kvm/hostSamples';

const SAMPLE = 'sample 500000 2 250000 5000 300000 307957760 2818572288 6946816 1048576 2097152 0 0 0';

function exec(stream = new PassThrough()): ExecStream & { stream: PassThrough } {
  return { stream, complaints: () => 'no such file', exitCode: async () => 127 };
}

async function all(source: ExecStream, signal?: AbortSignal) {
  const samples = [];
  for await (const sample of readHostSamples(source, signal ? { signal } : {})) {
    samples.push(sample);
  }
  return samples;
}

describe('parseHostSample', () => {
  it('reads what the sampler writes', () => {
    expect(parseHostSample(SAMPLE, 17)).toEqual({
      at: 17,
      vcpuPercent: [50, 1],
      cpuPercent: 60,
      memoryBytes: 307_957_760,
      memoryLimitBytes: 2_818_572_288,
      upperDiskBytes: 6_946_816,
      readBytesPerSecond: 2 * 2 ** 20,
      writeBytesPerSecond: 4 * 2 ** 20,
    });
  });

  it('has a network only where there is a card', () => {
    const sample = parseHostSample(SAMPLE.replace(/0 0 0$/, '1 500 1000'), 0);
    expect(sample.network).toEqual({ receivedBytesPerSecond: 1000, sentBytesPerSecond: 2000 });
  });

  it.each([
    '',
    'sample',
    SAMPLE.replace('2 250000', '257 250000'),
    `${SAMPLE} 0`,
    SAMPLE.replace(' 5000', ' -1'),
  ])('refuses %j', (line) => {
    expect(() => parseHostSample(line, 0)).toThrow(/The sampler beside the VM/);
  });
});

describe('readHostSamples', () => {
  it('gives each line as it comes, in whatever pieces', async () => {
    const source = exec();
    const reading = readHostSamples(source, {});
    source.stream.write(SAMPLE.slice(0, 20));
    source.stream.write(`${SAMPLE.slice(20)}\n${SAMPLE}\nsamp`);
    expect((await reading.next()).value?.vcpuPercent).toEqual([50, 1]);
    expect((await reading.next()).value?.vcpuPercent).toEqual([50, 1]);
    source.stream.end();
    await expect(reading.next()).rejects.toMatchObject({
      message: 'The sampler beside the VM ended',
      details: 'no such file',
    });
    expect(source.stream.destroyed).toBe(true);
  });

  it('ends by its signal, and closes the stream', async () => {
    const controller = new AbortController();
    const source = exec();
    source.stream.write(`${SAMPLE}\n`);
    const reading = all(source, controller.signal);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ kind: 'cancelled' });
    expect(source.stream.destroyed).toBe(true);
  });

  it('closes the stream when nobody reads on', async () => {
    const source = exec();
    source.stream.write(`${SAMPLE}\n`);
    for await (const _sample of readHostSamples(source, {})) {
      break;
    }
    expect(source.stream.destroyed).toBe(true);
  });

  it('takes no line without an end', async () => {
    const source = exec();
    source.stream.write('9'.repeat(10_000));
    await expect(all(source)).rejects.toThrow(/a line without an end/);
  });
});
