import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
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
  const guest = connectGuest({
    machineId: 'evil',
    dial: async () => connect(order.socket),
    identity: { ...order.identity, hostKeyBlob: Buffer.from(order.hostKeyBlob, 'base64') },
    log,
    defaultCwd: '/workspace',
  });
  const scenario = SCENARIOS[order.scenario];
  const began = performance.now();
  let value: string | undefined;
  let error: string | undefined;
  try {
    value = await scenario(guest, order.parameters, AbortSignal.timeout(order.patienceMs));
  } catch (thrown) {
    error = messageOf(thrown);
  }
  const ms = Math.round(performance.now() - began);
  guest.dispose();
  const report: VictimReport = {
    ...(value !== undefined && { value }),
    ...(error !== undefined && { error }),
    ms,
    peakMemoryMb: peakMemoryMb(),
    logged: logged.slice(-50),
    logLines: logged.length,
  };
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
}

/** Linux's high-water mark of this program alone: `resourceUsage().maxRSS` has the parent's from before the `exec`. */
function peakMemoryMb(): number {
  return Math.round(
    Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) / 1024,
  );
}

void main();
