import { BulkheadError } from '../core/errors';
import { credentialHost } from './credentialHost';
import { lendableName } from './environmentNames';

const HOSTS_MAX = 20;
const NAMES_MAX = 50;

/** What of this host's credentials a machine may use. Names only. */
export interface Lent {
  agent: boolean;
  /** Hosts, as `credentialHost` writes them. */
  git: string[];
  /** Variables of this host's environment. */
  env: string[];
}

export const NOTHING_LENT: Readonly<Lent> = { agent: false, git: [], env: [] };

/** Names of hosts and variables. */
type Names = Partial<Pick<Lent, 'git' | 'env'>>;

/**
 * A list that is given takes the other one's place; then `revoke` goes, and `lend` comes. Who changes one name says only that one:
 * a list that was read before may hold what has been taken back since.
 */
export type CredentialChange = Partial<Lent> & { revoke?: Names; lend?: Names };

/** `lent` with what `change` names in place of it, checked. @throws BulkheadError of kind `usage` */
export function changeLent(lent: Readonly<Lent>, change: CredentialChange): Lent {
  const changed = (key: 'git' | 'env', check: (name: string) => string) => {
    const gone = change.revoke?.[key] ?? [];
    const before = change[key]?.map(check) ?? lent[key];
    return unique([
      ...before.filter((name) => !gone.includes(name)),
      ...(change.lend?.[key] ?? []).map(check),
    ]);
  };
  const git = changed('git', credentialHost);
  const env = changed('env', lendableName);
  if (git.length > HOSTS_MAX || env.length > NAMES_MAX) {
    throw new BulkheadError(
      `At most ${HOSTS_MAX} hosts and ${NAMES_MAX} variables can be lent to a machine.`,
      {
        kind: 'usage',
        next: 'Take some back first.',
      },
    );
  }
  return { agent: change.agent ?? lent.agent, git, env };
}

/** What is left of a file's words after the rules: a damaged or doctored file lends nothing that can't be lent. */
export function saneLent(lent: Readonly<Lent>): Lent {
  const kept = (values: readonly string[], check: (value: string) => string) =>
    unique(
      values.flatMap((value) => {
        try {
          return [check(value)];
        } catch {
          return [];
        }
      }),
    );
  return {
    agent: lent.agent,
    git: kept(lent.git, credentialHost).slice(0, HOSTS_MAX),
    env: kept(lent.env, lendableName).slice(0, NAMES_MAX),
  };
}

/** Of `names`: the variables that no consent lends. */
export function unlendable(names: readonly string[]): string[] {
  const { env } = saneLent({ ...NOTHING_LENT, git: [], env: [...names] });
  return names.filter((name) => !env.includes(name));
}

function unique(values: string[]): string[] {
  return [...new Set(values)].sort();
}
