import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';
import type { CommandOutput, Guest, GuestCommand } from '../guest/guest';
import type { WaitOptions } from '../machine/hypervisor';
import { hostOf, parseHostPattern } from './networkRules';
import type { NetworkPreset } from './networkService';

/** npm under emulation takes some seconds to start. */
const ASK_MS = 90_000;
const ANSWER_MAX = 256 * 1024;
const HOSTS_MAX = 50;
const WEB_PORTS = new Set(['80', '443']);
/** The session program's and a shell's exit codes for what is not there. */
const NO_SUCH_PROGRAM = new Set([126, 127]);

interface Question {
  command: GuestCommand;
  /** Addresses (URLs) in its answer. */
  addresses(answer: string): string[];
}

/** What is asked of each tool: its own words for where it fetches from, which know its files, environment and defaults. */
const QUESTIONS: Record<NetworkPreset, Question[]> = {
  npm: [{ command: { argv: ['npm', 'config', 'list', '--json'] }, addresses: npmRegistries }],
  pip: [
    {
      command: {
        argv: [
          'python3',
          '-c',
          'from pip._internal.configuration import Configuration as C\n' +
            'from pip._internal.models.index import PyPI as P\n' +
            'c = C(isolated=False); c.load(); v = dict(c.items())\n' +
            // From pip 24 on, values come in groups by file.
            'v = {k: x for k, x in v.items() if isinstance(x, str)} | {k: x for g in v.values() if isinstance(g, dict) for k, x in g.items()}\n' +
            'i = [x for k, x in v.items() if k.split(".")[-1] == "index-url"]\n' +
            'print("\\n".join(i or [P.simple_url, "https://" + P.file_storage_domain]))\n' +
            'print("\\n".join(x for k, x in v.items() if k.split(".")[-1] in ("extra-index-url", "find-links")))',
        ],
      },
      addresses: words,
    },
  ],
  // Without its flag it says nothing before a first update.
  apt: [
    {
      command: { argv: ['apt-get', 'indextargets', '--no-release-info', '--format', '$(SITE)'] },
      addresses: words,
    },
  ],
  git: [{ command: { argv: ['git', 'remote', '-v'] }, addresses: gitRemotes }],
};

/**
 * The hosts that a tool in the guest is configured for, as rules would name them. They are the guest's word: a hostile one can
 * name any host, so a person should see them before they count.
 * @throws BulkheadError if the tool is not there, or names no host that can be allowed
 */
export async function presetHosts(
  guest: Guest,
  preset: NetworkPreset,
  options: WaitOptions,
): Promise<string[]> {
  const hosts = new Set<string>();
  const refused: string[] = [];
  for (const { command, addresses } of QUESTIONS[preset]) {
    const output = await guest.run(command, { ...options, maxBytes: ANSWER_MAX, deadlineMs: ASK_MS });
    assertAnswered(guest, preset, output);
    for (const address of addresses(output.stdout.toString('utf8'))) {
      const host = hostOfAddress(address);
      if (host === undefined) {
        refused.push(address);
      } else {
        hosts.add(host);
      }
    }
  }
  if (hosts.size === 0 || hosts.size > HOSTS_MAX) {
    const what = refused
      .slice(0, 3)
      .map((address) => printable(JSON.stringify(address), 120))
      .join(', ');
    throw new BulkheadError(
      hosts.size > HOSTS_MAX
        ? `${preset} in ${guest.machineId} names ${hosts.size} hosts; ${HOSTS_MAX} is the most`
        : `${preset} in ${guest.machineId} names no host that can be allowed${what && ` (${what})`}`,
      { kind: 'usage', next: 'Allow hosts by name: `bulkhead net <id> --allow <host>`.' },
    );
  }
  return [...hosts].sort();
}

/** On the ports 80 and 443; a rule with a port of its own lets any protocol through. */
export function isOfTheWeb(rule: string): boolean {
  return parseHostPattern(rule).port === undefined;
}

/** The rule for a URL's host; undefined if it is no http(s), or a host that can't be allowed. */
export function hostOfAddress(address: string): string | undefined {
  try {
    const { protocol, hostname, port } = new URL(address);
    return protocol === 'http:' || protocol === 'https:'
      ? hostOf(port === '' || WEB_PORTS.has(port) ? hostname : `${hostname}:${port}`)
      : undefined;
  } catch {
    // Neither a URL nor a host: the guest may say anything.
    return undefined;
  }
}

function assertAnswered(guest: Guest, preset: NetworkPreset, output: CommandOutput): void {
  if (output.code !== 0 || output.truncated) {
    const missing = NO_SUCH_PROGRAM.has(output.code);
    throw new BulkheadError(
      missing
        ? `${guest.machineId} has no ${preset}`
        : `${preset} in ${guest.machineId} could not say where it fetches from (exit code ${output.code})`,
      {
        details: printable(output.stderr.toString('utf8').trim(), 2000),
        next: 'Allow hosts by name: `bulkhead net <id> --allow <host>`.',
      },
    );
  }
}

/** `npm config list --json`: an object; `registry` and `@scope:registry` hold URLs. */
export function npmRegistries(answer: string): string[] {
  let config: unknown;
  try {
    config = JSON.parse(answer);
  } catch {
    // Not JSON: nothing of it counts.
    return [];
  }
  if (typeof config !== 'object' || config === null) {
    return [];
  }
  return Object.entries(config).flatMap(([key, value]) =>
    (key === 'registry' || /^@[^:]+:registry$/.test(key)) && typeof value === 'string' ? [value] : [],
  );
}

/** `git remote -v`: `<name>\t<url> (fetch|push)`. */
export function gitRemotes(answer: string): string[] {
  return answer.split('\n').flatMap((line) => /^[^\t]*\t(.*) \((?:fetch|push)\)/.exec(line)?.[1] ?? []);
}

export function words(answer: string): string[] {
  return answer.split(/\s+/).filter((word) => word !== '');
}
