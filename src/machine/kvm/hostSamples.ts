import type { Readable } from 'node:stream';
import { boundedLines } from '../../core/boundedLines';
import { BulkheadError, CancelledError } from '../../core/errors';
import { NumberFields } from '../../core/numberFields';
import type { HostSample, WaitOptions } from '../hypervisor';
import type { ExecStream } from './containerExec';

export const SAMPLER = '/usr/lib/bulkhead/sampler';
const WHO = 'The sampler beside the VM';
const LINE_MAX = 8_192;
const MAX_VCPUS = 256;
const MIN_ELAPSED_US = 50_000;
/** It sends a line a second. Without one for so long, the Engine or the host itself hangs. */
const SILENCE_MS = 30_000;

/**
 * One line of guest/vmm/sampler.c: `sample <us> <vCPUs> {<us>}… <us of all> <memory> <limit> <upper disk> <read> <written>
 * <cards> <received> <sent>`. Bytes, and since the line before.
 * @throws BulkheadError if it is anything else
 */
export function parseHostSample(line: string, at: number): HostSample {
  const fields = new NumberFields(line, WHO);
  fields.word(/^sample$/);
  const elapsedUs = Math.max(MIN_ELAPSED_US, fields.number());
  const percent = (us: number) => (us / elapsedUs) * 100;
  const perSecond = (bytes: number) => (bytes / elapsedUs) * 1e6;
  const vcpuPercent = fields.numbers(fields.number(MAX_VCPUS)).map((us) => Math.min(100, percent(us)));
  const sample: HostSample = {
    at,
    vcpuPercent,
    cpuPercent: percent(fields.number()),
    memoryBytes: fields.number(),
    memoryLimitBytes: fields.number(),
    upperDiskBytes: fields.number(),
    readBytesPerSecond: perSecond(fields.number()),
    writeBytesPerSecond: perSecond(fields.number()),
  };
  const hasCard = fields.number(1) === 1;
  const receivedBytesPerSecond = perSecond(fields.number());
  const sentBytesPerSecond = perSecond(fields.number());
  fields.end();
  return hasCard ? { ...sample, network: { receivedBytesPerSecond, sentBytesPerSecond } } : sample;
}

/** Reads a running sampler until `signal` aborts. It ends with its stream. @throws when it ends, or says nothing any more */
export async function* readHostSamples(
  { stream, complaints }: ExecStream,
  options: WaitOptions,
): AsyncGenerator<HostSample, void> {
  const stop = () => stream.destroy();
  let silence = setTimeout(stop, SILENCE_MS);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    for await (const line of boundedLines(stream as Readable, LINE_MAX, WHO)) {
      clearTimeout(silence);
      silence = setTimeout(stop, SILENCE_MS);
      yield parseHostSample(line, Date.now());
    }
    throw new BulkheadError(`${WHO} ended`, { details: complaints() });
  } catch (error) {
    throw options.signal?.aborted ? new CancelledError() : error;
  } finally {
    clearTimeout(silence);
    options.signal?.removeEventListener('abort', stop);
    stream.destroy();
  }
}
