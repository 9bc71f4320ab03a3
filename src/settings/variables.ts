import { createHash } from 'node:crypto';
import { basename, posix } from 'node:path';

/** What devcontainer.json's variables stand for (containers.dev, "Variables in devcontainer.json"). */
export interface VariableValues {
  localWorkspaceFolder: string;
  /** Undefined while it is being worked out itself: its variables then stay as they are. */
  containerWorkspaceFolder?: string;
  devcontainerId: string;
}

/** A text with its variables replaced, and the names of host variables that it asked for in vain. */
export interface Substituted {
  text: string;
  refusedHostVariables: string[];
}

/** Longest text that a substitution may make, in UTF-16 units; what is longer is cut and fails its own check. */
const MAX_TEXT = 65_536;
const MAX_REFUSED = 20;

/**
 * Replaces `${…}` in a text of devcontainer.json. `${localEnv:NAME}` never reads the host's environment, which
 * a hostile repo would carry into its VM: it becomes its default, or nothing. `${containerEnv:NAME}` stays, to be
 * replaced once the guest's environment is known (`substituteContainerEnv`), and so does what nobody knows.
 */
export function substituteVariables(text: string, values: VariableValues): Substituted {
  const refusedHostVariables: string[] = [];
  const replaced = replaceVariables(text, (name, argument) => {
    switch (name) {
      case 'localWorkspaceFolder':
        return values.localWorkspaceFolder;
      case 'localWorkspaceFolderBasename':
        return basename(values.localWorkspaceFolder);
      case 'containerWorkspaceFolder':
        return values.containerWorkspaceFolder;
      case 'containerWorkspaceFolderBasename':
        return values.containerWorkspaceFolder && posix.basename(values.containerWorkspaceFolder);
      case 'devcontainerId':
        return values.devcontainerId;
      // `env` is the name that `localEnv` had at first; @devcontainers/cli takes both.
      case 'env':
      case 'localEnv': {
        const [variable = '', fallback] = splitOnce(argument ?? '');
        if (refusedHostVariables.length < MAX_REFUSED && !refusedHostVariables.includes(variable)) {
          refusedHostVariables.push(variable);
        }
        return fallback ?? '';
      }
      default:
        return undefined;
    }
  });
  return { text: replaced, refusedHostVariables };
}

/** `substituteVariables` over every text in plain data (keys excluded), which must not be nested deeply. */
export function substituteAll(
  value: unknown,
  values: VariableValues,
  refused: (hostVariable: string) => void,
): unknown {
  if (typeof value === 'string') {
    const { text, refusedHostVariables } = substituteVariables(value, values);
    refusedHostVariables.forEach(refused);
    return text;
  }
  if (Array.isArray(value)) {
    return value.map((entry: unknown) => substituteAll(entry, values, refused));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, substituteAll(entry, values, refused)]),
    );
  }
  return value;
}

/**
 * Replaces `${containerEnv:NAME}` and `${containerEnv:NAME:default}` by what the guest's environment has.
 * To be called, on values of `remoteEnv` and on lifecycle commands, by whoever knows that environment.
 */
export function substituteContainerEnv(value: string, env: Readonly<Record<string, string>>): string {
  return replaceVariables(value, (name, argument) => {
    if (name !== 'containerEnv') {
      return undefined;
    }
    const [variable = '', fallback] = splitOnce(argument ?? '');
    return Object.hasOwn(env, variable) ? env[variable] : (fallback ?? '');
  });
}

/**
 * The `${devcontainerId}` of a folder and its configuration file: SHA-256 over the JSON of the two labels, sorted by
 * name, as a base-32 number of 52 digits (containers.dev, "devcontainer-id-variable").
 */
export function devcontainerId(folder: string, configFile: string): string {
  const labels = JSON.stringify({
    'devcontainer.config_file': configFile,
    'devcontainer.local_folder': folder,
  });
  const hash = createHash('sha256').update(labels).digest('hex');
  return BigInt(`0x${hash}`).toString(32).padStart(52, '0');
}

/** By hand instead of with a regular expression: linear in a text full of `${`. */
function replaceVariables(
  text: string,
  replacementOf: (name: string, argument: string | undefined) => string | undefined,
): string {
  let result = '';
  let position = 0;
  while (position < text.length && result.length <= MAX_TEXT) {
    const start = text.indexOf('${', position);
    const end = start < 0 ? -1 : text.indexOf('}', start);
    if (end < 0) {
      break;
    }
    const [name = '', argument] = splitOnce(text.slice(start + 2, end));
    const whole = text.slice(start, end + 1);
    result += text.slice(position, start) + (replacementOf(name, argument) ?? whole);
    position = end + 1;
  }
  return (result + text.slice(position)).slice(0, MAX_TEXT + 1);
}

function splitOnce(text: string): [string, string?] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}
