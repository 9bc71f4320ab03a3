import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect } from 'vitest';
import type { GuestIdentity } from '../../../src/guest/identity';
import type { SCENARIOS } from './scenarios';

export interface VictimOrder {
  /** Unix socket on which the guest answers. */
  socket: string;
  identity: Omit<GuestIdentity, 'hostKeyBlob'>;
  /** Base64. */
  hostKeyBlob: string;
  scenario: keyof typeof SCENARIOS;
  parameters: Record<string, string | number | boolean>;
  /** After this long (ms) the user cancels. */
  patienceMs: number;
}

/** How the host's process fared. Either `value` or `error` is there. */
export interface VictimReport {
  value?: string;
  error?: string;
  ms: number;
  /** The most memory that it had (MiB), its 60 of JavaScript engine included. */
  peakMemoryMb: number;
  /** The most that objects and Buffers took on top of what they took before (MiB), if it was to be measured. */
  heldMb?: number;
  /** Streams to the guest that are still open some moments after the scenario. */
  openStreams: number;
  logged: string[];
  logLines: number;
}

/** JavaScript objects that the process may hold (MiB): the guest's own data must not pile up in them. */
const HEAP_MB = 96;
/** With Buffers, which are outside of that. A process that does nothing has 60 to 80. */
const MEMORY_MB = 300;
/** The process must have ended, whatever the guest does. */
const KILL_MS = 180_000;

let program: Promise<string> | undefined;
let folder: string | undefined;
// Not at the process's exit: vitest ends its workers without one.
afterAll(() => {
  if (folder !== undefined) {
    rmSync(folder, { recursive: true, force: true });
  }
  [program, folder] = [undefined, undefined];
});

/** Runs one scenario in a process of its own. It must end by itself, without a crash, within its memory. */
export async function runVictim(
  server: { socket: string; identity: GuestIdentity },
  scenario: VictimOrder['scenario'],
  parameters: VictimOrder['parameters'] = {},
  {
    patienceMs = 60_000,
    memoryMb = MEMORY_MB,
    measureHeld = false,
  }: { patienceMs?: number; memoryMb?: number; measureHeld?: boolean } = {},
): Promise<VictimReport> {
  program ??= bundle();
  const { hostKeyBlob, ...identity } = server.identity;
  const order: VictimOrder = {
    socket: server.socket,
    identity,
    hostKeyBlob: hostKeyBlob.toString('base64'),
    scenario,
    parameters,
    patienceMs,
  };
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${HEAP_MB}`,
      ...(measureHeld ? ['--expose-gc'] : []),
      await program,
      JSON.stringify(order),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: KILL_MS, killSignal: 'SIGKILL' },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-3000);
  });
  const ended = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  if (ended !== 'exit code 0') {
    throw new Error(`The host's process did not survive: ${ended}\n${stderr}`);
  }
  const report = JSON.parse(stdout) as VictimReport;
  expect(report.peakMemoryMb, 'memory of the host’s process (MiB)').toBeLessThan(memoryMb);
  return report;
}

async function bundle(): Promise<string> {
  folder = mkdtempSync(join(tmpdir(), 'bulkhead-victim-'));
  const outfile = join(folder, 'victim.cjs');
  await build({
    entryPoints: [join(__dirname, 'victim.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['cpu-features'],
    loader: { '.node': 'empty' },
    logLevel: 'warning',
  });
  return outfile;
}
