import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf, throwIfCancelled } from '../../core/errors';
import { writeFileAtomic } from '../../core/files';
import type { Log } from '../../core/log';
import type { Engine } from '../../image/engine';
import type { Kit } from '../../image/kit';
import type { ProbeResult, WaitOptions } from '../hypervisor';
import { runOnce } from './containerExec';
import { type KvmDevice, onceContainer } from './jail';

/** What the probe needs to make a machine's container: its result, and how to reach `/dev/kvm`. */
export interface Probed {
  result: ProbeResult;
  kvm?: KvmDevice;
}

type Trial = ProbeResult['tried'][number];

/** Hardware boots the probe's kernel in under a second; software-nested KVM does not finish in minutes. */
const KVM_BOOT_S = 15;
const TCG_BOOT_S = 90;
const PROBE_MEMORY = 900 * 2 ** 20;

export interface ProbeOptions extends WaitOptions {
  /** Folder for results; one file for each engine and kit (so: host and kernel). */
  cacheDirectory: string;
  /** Probe again even if a result is kept. */
  fresh?: boolean;
  log: Log;
}

/**
 * Finds out which accelerator really boots the kit's kernel here: `/dev/kvm` may exist, open and still not run a stock guest.
 * KVM is tried first; TCG emulation is booted too when KVM does not work.
 */
export async function probe(engine: Engine, kit: Kit, options: ProbeOptions): Promise<Probed> {
  const name = createHash('sha256').update(`${engine.id}\n${kit.hash}`).digest('hex').slice(0, 16);
  const file = join(options.cacheDirectory, `probe-${name}.json`);
  const kept = options.fresh ? undefined : await readKept(file, options.log);
  if (kept) {
    return kept;
  }
  const device = await findKvm(engine, kit, options);
  const tried: Trial[] = [];
  if ('missing' in device) {
    tried.push(device.missing);
  } else {
    tried.push(await boot(engine, kit, 'kvm', KVM_BOOT_S, device.kvm, options));
  }
  const kvmWorks = tried[0]?.works === true;
  if (!kvmWorks) {
    tried.push(await boot(engine, kit, 'tcg', TCG_BOOT_S, undefined, options));
  }
  const probed: Probed = {
    result: { accelerator: kvmWorks ? 'kvm' : 'tcg', tried },
    ...(kvmWorks && 'kvm' in device && { kvm: device.kvm }),
  };
  if (tried.some((trial) => trial.works)) {
    await writeFileAtomic(file, `${JSON.stringify(probed)}\n`);
  }
  return probed;
}

async function readKept(file: string, log: Log): Promise<Probed | undefined> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as Probed;
    return Array.isArray(kept.result?.tried) ? kept : undefined;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      log.warn(`The kept probe result can't be read, so the probe runs again: ${messageOf(error)}`);
    }
    return undefined;
  }
}

/** Looks at `/dev/kvm` from inside a container: the host may be remote, and a container sees its owner and mode. */
async function findKvm(
  engine: Engine,
  kit: Kit,
  options: ProbeOptions,
): Promise<{ kvm: KvmDevice } | { missing: Trial }> {
  const missing = (reason: string, fix: string) => ({
    missing: { accelerator: 'kvm', works: false, reason, fix } satisfies Trial,
  });
  try {
    const { output, exitCode } = await runOnce(
      engine,
      onceContainer(kit.id, ['/usr/bin/stat', '-c', '%a %g', '/dev/kvm'], { kvm: { groupId: undefined } }),
      { what: 'Looking at /dev/kvm', ms: 30_000, ...(options.signal && { signal: options.signal }) },
    );
    const [, mode = '0', group = '0'] = /^([0-7]+) (\d+)$/m.exec(output) ?? [];
    const bits = Number.parseInt(mode, 8);
    if (exitCode !== 0) {
      return missing(
        `/dev/kvm can't be looked at: ${output}`,
        'Check that the Engine may pass /dev/kvm to containers.',
      );
    }
    if ((bits & 0o006) === 0o006) {
      return { kvm: { groupId: undefined } };
    }
    if ((bits & 0o060) === 0o060 && group !== '0') {
      return { kvm: { groupId: Number(group) } };
    }
    return missing(
      `/dev/kvm has mode 0${mode} and group ${group}: the machine's unprivileged account may not open it`,
      'On the host: `groupadd -f kvm && chgrp kvm /dev/kvm && chmod 0660 /dev/kvm` (for good: a udev rule).',
    );
  } catch (error) {
    throwIfCancelled(error);
    return missing(
      `the Engine's host has no usable /dev/kvm: ${messageOf(error)}`,
      'Use a host with hardware virtualization turned on (in a cloud VM: nested virtualization), with the kvm module loaded.',
    );
  }
}

async function boot(
  engine: Engine,
  kit: Kit,
  accelerator: 'kvm' | 'tcg',
  seconds: number,
  kvm: KvmDevice | undefined,
  options: ProbeOptions,
): Promise<Trial> {
  const began = performance.now();
  const command: [string, ...string[]] = ['/usr/lib/bulkhead/vmm/probe', accelerator, String(seconds)];
  const { exitCode, output } = await runOnce(
    engine,
    onceContainer(kit.id, command, { memoryBytes: PROBE_MEMORY, ...(kvm && { kvm }) }),
    {
      what: `Probing ${accelerator}`,
      ms: (seconds + 30) * 1000,
      ...(options.signal && { signal: options.signal }),
    },
  );
  if (exitCode === 0) {
    return { accelerator, works: true, ms: Math.round(performance.now() - began) };
  }
  const words = output.split('\n').at(-1)?.slice(0, 300);
  const reason =
    exitCode === 124 || exitCode === 137
      ? `the kernel did not boot within ${seconds} s under ${accelerator}${words ? ` (last words: ${words})` : ''}`
      : words || `QEMU ended with code ${exitCode}`;
  const fix =
    accelerator === 'kvm'
      ? 'This host’s /dev/kvm does not run a stock kernel (software-nested virtualization?). Use a host with hardware virtualization.'
      : 'Look at `bulkhead doctor`, and check that the Engine’s host has 1 GiB of free memory.';
  options.log.info(`${accelerator} does not work here: ${reason}`);
  return { accelerator, works: false, reason, fix };
}
