import type { Command } from 'commander';
import { BulkheadError } from '../core/errors';
import { ASK_KINDS, ASK_WORDS, type AskKind } from '../settings/asks';

/** `--allow-asked` and `--allow-<word>`, as commander gives them. */
export interface AllowOptions {
  allowAsked?: true;
  allowHosts?: true;
  allowPresets?: true;
  allowNetwork?: true;
  allowFullNetwork?: true;
  allowPorts?: true;
  allowMount?: true;
  allowWrite?: true;
  allowAgent?: true;
  allowGit?: true;
  allowEnv?: true;
}

const FLAGS: Record<AskKind, { key: Exclude<keyof AllowOptions, 'allowAsked'>; what: string }> = {
  'network-hosts': { key: 'allowHosts', what: 'the hosts that the folder asks for' },
  'network-presets': { key: 'allowPresets', what: 'the package hosts of the tools that the folder asks for' },
  'network-allowlist': {
    key: 'allowNetwork',
    what: 'a network at all (the allowlist), if the folder asks for it and your settings say none',
  },
  'network-full': { key: 'allowFullNetwork', what: 'the whole network, if the folder asks for it' },
  'forward-ports': { key: 'allowPorts', what: 'the ports on 127.0.0.1 that the folder asks for' },
  mount: { key: 'allowMount', what: 'that the machine sees the folder itself, if it asks for it' },
  'mount-write': { key: 'allowWrite', what: 'that it writes into the folder, if it asks for it' },
  'forward-agent': { key: 'allowAgent', what: 'the SSH agent, if the folder asks for it' },
  'git-credentials': { key: 'allowGit', what: 'git credentials for the hosts that the folder asks for' },
  environment: { key: 'allowEnv', what: 'the environment variables that the folder asks for' },
};

/** Flags that agree to what the folder asks for at this moment. */
export function withAllowOptions(command: Command): Command {
  command.option('--allow-asked', 'allow all that the folder asks for now');
  for (const kind of ASK_KINDS) {
    command.option(`--allow-${ASK_WORDS[kind]}`, `allow ${FLAGS[kind].what}`);
  }
  return command;
}

export function allowedKinds(options: AllowOptions): readonly AskKind[] | 'all' | undefined {
  if (options.allowAsked) {
    return 'all';
  }
  const kinds = ASK_KINDS.filter((kind) => options[FLAGS[kind].key]);
  return kinds.length > 0 ? kinds : undefined;
}

/** @throws BulkheadError of kind `usage` if a word is none */
export function kindsOfWords(words: readonly string[]): AskKind[] {
  return words.map((word) => {
    const kind = ASK_KINDS.find((each) => ASK_WORDS[each] === word || each === word);
    if (kind === undefined) {
      throw new BulkheadError(`consent: nothing that can be granted is called ${word}`, {
        kind: 'usage',
        next: `Use ${Object.values(ASK_WORDS).join(', ')}; a folder goes before --grant.`,
      });
    }
    return kind;
  });
}
