import type { Command } from 'commander';

/** What `up` and `config` take of the settings on the command line, as commander gives it. */
export interface SettingsOptions {
  image?: string;
  cpus?: string;
  memory?: string;
  disk?: string;
  accelerator?: string;
  network?: string;
  allow?: string[];
  exclude?: string[];
  forwardPort?: string[];
  onClose?: string;
}

const collect = (value: string, before: string[] = []) => [...before, value];

/** Flags that go before every file's settings. The settings' own checks say what is wrong with a value. */
export function withSettingsOptions(command: Command): Command {
  return command
    .option('--image <reference>', 'boot this image instead of what the folder asks for')
    .option('--cpus <count>', 'virtual CPUs')
    .option('--memory <size>', 'memory, such as 2gb')
    .option('--disk <size>', 'size of the writable disk, such as 20gb')
    .option('--accelerator <name>', 'auto, kvm or tcg')
    .option('--network <mode>', 'what the machine may reach: none, allowlist or full')
    .option('--allow <host>', 'host that the allowlist lets through; can be given several times', collect)
    .option('--exclude <pattern>', 'not copied into the machine; can be given several times', collect)
    .option('--forward-port <port>', 'port to forward; can be given several times', collect)
    .option('--on-close <action>', 'when its last window closes: suspend, stop or keep');
}

/** The flags as keys of `.bulkhead.json`; empty if none was given. */
export function settingsOverrides(options: SettingsOptions): Record<string, unknown> {
  const { image, cpus, memory, disk, accelerator, network, allow, exclude, forwardPort, onClose } = options;
  return {
    ...(image !== undefined && { image }),
    ...(cpus !== undefined && { cpus: numberIfOne(cpus) }),
    ...(memory !== undefined && { memory }),
    ...(disk !== undefined && { disk }),
    ...(accelerator !== undefined && { accelerator }),
    ...((network !== undefined || allow !== undefined) && {
      network: { ...(network !== undefined && { mode: network }), ...(allow !== undefined && { allow }) },
    }),
    ...(exclude !== undefined && { workspace: { exclude } }),
    ...(forwardPort !== undefined && { forwardPorts: forwardPort.map(numberIfOne) }),
    ...(onClose !== undefined && { onClose }),
  };
}

/** What is no number stays text, so that the settings' own check names it. */
function numberIfOne(text: string): number | string {
  return /^\d{1,15}(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
