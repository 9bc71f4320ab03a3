import type { DevcontainerValues } from './devcontainerSchema';

/** Keys of devcontainer.json that ask for what a machine behind a wall doesn't give, and why it doesn't. */
const LEFT_OUT: Record<string, string> = {
  initializeCommand: "it would run the repo's command on the host, outside the machine",
  mounts: 'a mount would let the machine reach files of the host or outlive the machine',
  workspaceMount: 'the workspace is copied into the machine',
  runArgs: 'they are options of `docker run`, and the workspace runs in a virtual machine',
  appPort: 'ports are forwarded, not published; write forwardPorts',
  privileged: 'inside its own virtual machine the workspace has no need of it',
  capAdd: 'inside its own virtual machine the workspace has no need of it',
  securityOpt: 'inside its own virtual machine the workspace has no need of it',
};

/** A sentence for each key that is there, asks for something, and is left out. */
export function leftOutWarnings(written: Record<string, unknown>, values: DevcontainerValues): string[] {
  const sentences = Object.entries(LEFT_OUT)
    .filter(([key]) => Object.hasOwn(written, key) && asksForSomething(written[key]))
    .map(([key, why]) => `${key} of devcontainer.json is left out: ${why}.`);
  if (asksForSomething(values.build?.options)) {
    sentences.push(
      'build.options of devcontainer.json is left out: such options can read files of the host into the image.',
    );
  }
  return sentences;
}

export function asksForSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') {
    return false;
  }
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
