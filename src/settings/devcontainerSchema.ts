import * as z from 'zod';
import { expects, listOf } from './expectation';
import { buildArgs, buildTarget, imageReference, relativePath } from './settingsValues';
import { LIFECYCLE_HOOKS, type LifecycleCommand, type LifecycleHook } from './workspaceSpec';

/** A text that may become part of a command or an environment: anything but NUL, at most 32 Ki characters. */
const text = z
  .string()
  .max(32_768)
  .regex(/^[^\0]*$/);

const environmentName = expects(
  z
    .string()
    .max(256, { abort: true })
    // `BULKHEAD_…` steers the guest's session program (docs/architecture.md, "In the guest").
    .regex(/^(?!BULKHEAD_)[A-Za-z_][A-Za-z0-9_.-]*$/),
  'a variable name that may be set',
  'Use letters, digits and _; names that begin with BULKHEAD_ are reserved.',
);

function environment<T extends z.ZodType>(value: T) {
  return expects(
    z
      .record(environmentName, value)
      .refine((variables) => Object.keys(variables).length <= 1000, 'has more than 1000 entries'),
    'an object of environment variables',
    'Write {"NAME": "value"}, at most 1000 of them.',
  );
}

const environmentText = expects(text, 'a text of at most 32768 characters', 'Write it in double quotes.');

const containerEnvSchema = environment(environmentText);
/** `null` unsets a variable, which we leave out. */
const remoteEnvSchema = environment(environmentText.nullable());

const argv = z.array(text).max(1000);
const COMMAND =
  'Write a shell line, a list of arguments, or an object of named commands, of at most 32768 characters each.';
/** Nothing to do, as some write it: `null`, `""`, `[]`, `{}`. */
const lifecycleSchema = expects(
  z.union([
    text,
    argv,
    z
      .record(z.string().max(256), z.union([text, argv]))
      .refine((commands) => Object.keys(commands).length <= 100),
    z.null(),
  ]),
  'a command',
  COMMAND,
);

/** Docker's `USER`: name or uid, with or without a group. */
const userSchema = expects(
  z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\$?(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})?$/),
  'an account name',
  'Write a user name or a number such as "node" or "1000".',
);

/** Numbers, or `host:port`. */
const forwardPortsSchema = listOf(
  expects(
    z.union([z.int().min(1).max(65_535), z.string().max(300)]),
    'a port from 1 to 65535',
    'Write a number such as 3000.',
  ),
  'ports',
  'Write a list such as [3000].',
  256,
);

/** What an image's metadata may say as well as devcontainer.json. */
export const metadataKeys = {
  remoteUser: userSchema.optional(),
  containerUser: userSchema.optional(),
  containerEnv: containerEnvSchema.optional(),
  remoteEnv: remoteEnvSchema.optional(),
  forwardPorts: forwardPortsSchema.optional(),
  onCreateCommand: lifecycleSchema.optional(),
  updateContentCommand: lifecycleSchema.optional(),
  postCreateCommand: lifecycleSchema.optional(),
  postStartCommand: lifecycleSchema.optional(),
  postAttachCommand: lifecycleSchema.optional(),
};

/** The keys of devcontainer.json that we read (containers.dev, "devcontainer.json reference"). Others are ignored. */
export const devcontainerSchema = z.object({
  image: imageReference.optional(),
  build: z
    .object({
      dockerfile: relativePath.optional(),
      context: relativePath.optional(),
      args: buildArgs.optional(),
      target: buildTarget.optional(),
      options: z.unknown().optional(),
    })
    .optional(),
  dockerFile: relativePath.optional(),
  context: relativePath.optional(),
  features: expects(
    z
      .record(z.string().max(1024), z.unknown())
      .refine((features) => Object.keys(features).length <= 200, 'has more than 200 entries'),
    'an object of Features',
    'Write {"<feature>": {<options>}}.',
  ).optional(),
  ...metadataKeys,
});

export type DevcontainerValues = z.output<typeof devcontainerSchema>;
type WrittenCommand = z.output<typeof lifecycleSchema> | undefined;

/** The commands that say something, each as a list of one. */
export function hooksOf(
  values: Partial<Record<LifecycleHook, WrittenCommand>>,
): Partial<Record<LifecycleHook, LifecycleCommand[]>> {
  const hooks: Partial<Record<LifecycleHook, LifecycleCommand[]>> = {};
  for (const hook of LIFECYCLE_HOOKS) {
    const command = values[hook];
    if (command !== undefined && command !== null && !isEmpty(command)) {
      hooks[hook] = [command];
    }
  }
  return hooks;
}

function isEmpty(command: LifecycleCommand): boolean {
  if (typeof command === 'string') {
    return command.trim() === '';
  }
  return Array.isArray(command) ? command.length === 0 : Object.keys(command).length === 0;
}

/** Ports of the guest itself; of the strings only those that name it (`localhost:3000`). Others go to `left`. */
export function portsOf(written: readonly (number | string)[], left: (entry: string) => void): number[] {
  const ports = new Set<number>();
  for (const entry of written) {
    const digits =
      typeof entry === 'string' ? /^(?:(?:localhost|127\.0\.0\.1):)?(\d{1,5})$/.exec(entry) : null;
    const port = typeof entry === 'number' ? entry : Number(digits?.[1]);
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) {
      ports.add(port);
    } else {
      left(String(entry));
    }
  }
  return [...ports];
}

/** The variables that have a value; the names of those set to `null` go to `left`. */
export function environmentOf(
  written: Record<string, string | null>,
  left: (name: string) => void,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(written)) {
    if (value === null) {
      left(name);
    } else {
      result[name] = value;
    }
  }
  return result;
}
