import type { Readable } from 'node:stream';
import { delay } from '../core/deadline';

/** The editor's terminals have no flow control, so a guest that floods its output would fill the editor's memory. */
const BURST_BYTES = 256 * 1024;
const PAUSE_MS = 25;

/**
 * Passes a process's output on as text, at no more than about 10 MB/s: the stream's own back-pressure does the
 * rest. A character that lies across two chunks comes out whole. Ends when the stream ends or `signal` aborts.
 */
export async function passOutput(
  output: Readable,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const decoder = new TextDecoder();
  let sinceLastPause = 0;
  for await (const chunk of output as AsyncIterable<Buffer>) {
    if (signal.aborted) {
      return;
    }
    write(decoder.decode(chunk, { stream: true }));
    sinceLastPause += chunk.length;
    if (sinceLastPause >= BURST_BYTES) {
      sinceLastPause = 0;
      await delay(PAUSE_MS, signal);
    }
  }
  const rest = decoder.decode();
  if (rest !== '') {
    write(rest);
  }
}
