import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../src/core/errors';
import type { Log } from '../../../src/core/log';
import { connectGuest } from '../../../src/guest/connectGuest';
import type { VictimOrder, VictimReport } from './runVictim';
import { SCENARIOS } from './scenarios';

/**
 * A host process with one guest behind a Unix socket: what the extension host is to a machine, small enough that a leak
 * takes it down. It does what its order says, prints how that went and ends.
 */
async function main(): Promise<void> {
  const order = JSON.parse(process.argv[2] ?? '') as VictimOrder;
  const logged: string[] = [];
  const keep = (level: string) => (message: string) => void logged.push(`${level} ${message}`);
  const log: Log = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
  const streams = new Set<Socket>();
  const guest = connectGuest({
    machineId: 'evil',
    dial: async () => {
      const stream = connect(order.socket);
      streams.add(stream);
      stream.once('close', () => streams.delete(stream));
      return stream;
    },
    identity: { ...order.identity, hostKeyBlob: Buffer.from(order.hostKeyBlob, 'base64') },
    log,
    defaultCwd: '/workspace',
  });
  const scenario = SCENARIOS[order.scenario];
  if ('gc' in globalThis) {
    // What a connection costs at all (ssh2's WebAssembly takes 16 MiB) is not what the guest makes of it.
    await guest.ready({ signal: AbortSignal.timeout(order.patienceMs) });
  }
  const held = measureHeld();
  const began = performance.now();
  let value: string | undefined;
  let error: string | undefined;
  try {
    value = await scenario(guest, order.parameters, AbortSignal.timeout(order.patienceMs));
  } catch (thrown) {
    error = messageOf(thrown);
  }
  const ms = Math.round(performance.now() - began);
  const heldMb = held?.();
  for (let n = 0; n < 20 && streams.size > 0; n++) {
    await delay(50);
  }
  const openStreams = streams.size;
  guest.dispose();
  const report: VictimReport = {
    ...(value !== undefined && { value }),
    ...(error !== undefined && { error }),
    ms,
    peakMemoryMb: peakMemoryMb(),
    ...(heldMb !== undefined && { heldMb }),
    openStreams,
    logged: logged.slice(-50),
    logLines: logged.length,
  };
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
}

/**
 * With `--expose-gc`: looks every half second what is held, garbage left out. Call what it returns for the most that was (MiB).
 */
function measureHeld(): (() => number) | undefined {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) {
    return undefined;
  }
  const now = () => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 2 ** 20;
  };
  const before = now();
  let most = before;
  const look = () => {
    most = Math.max(most, now());
  };
  const timer = setInterval(look, 500);
  return () => {
    clearInterval(timer);
    look();
    return Math.round((most - before) * 10) / 10;
  };
}

/** Linux's high-water mark of this program alone: `resourceUsage().maxRSS` has the parent's from before the `exec`. */
function peakMemoryMb(): number {
  return Math.round(
    Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) / 1024,
  );
}

void main();
