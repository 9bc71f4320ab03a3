import { posix } from 'node:path';
import { withDeadline } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { messageOf, throwIfCancelled } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { Guest } from '../guest/guest';
import type { GuestSocket } from '../guest/guestSockets';
import { KIT_TOOLS } from '../guest/kitTools';
import type { WaitOptions } from '../machine/hypervisor';
import { converseAsAgent } from './agentConversation';
import type { Confirmations } from './confirmations';
import type { CredentialUse } from './credentialUse';
import { gitConfigEnvironment } from './gitConfigEnvironment';
import { converseAboutGit } from './gitConversation';
import type { HostAgent } from './hostAgent';
import { hostGitCredential } from './hostGitCredential';
import type { Lent } from './lent';

/** A session that starts waits no longer than this for its sockets; it starts without them then. */
const SOCKETS_MS = 25_000;
/** Questions to this host's git a minute, for one machine. */
const GIT_A_MINUTE = 30;

export interface LendingOptions {
  guest: Guest;
  /** In the guest; the sockets of this host's process lie in it. */
  folder: string;
  /** What is lent now, as it is written down. */
  lent: () => Promise<Lent>;
  agent: HostAgent;
  /** Nobody can be asked if undefined: the agent is not offered then. */
  confirmations: Confirmations | undefined;
  env: NodeJS.ProcessEnv;
  onUse: (use: CredentialUse) => void;
  log: Log;
}

/** What one guest gets of this host's credentials through one SSH connection, until it is disposed. */
export class Lending implements Disposable {
  private agent: GuestSocket | undefined;
  private git: GuestSocket | undefined;
  private readonly gitAsked: number[] = [];

  constructor(private readonly options: LendingOptions) {}

  /** Takes down, at once, what is not lent any more. Resolves when the guest has done its part. */
  async withdraw(lent: Readonly<Lent>): Promise<void> {
    const ending: GuestSocket[] = [];
    if (this.agent && !lent.agent) {
      ending.push(this.agent);
      this.agent = undefined;
    }
    if (this.git && lent.git.length === 0) {
      ending.push(this.git);
      this.git = undefined;
    }
    const { guest, log } = this.options;
    await Promise.all(
      ending.map((socket) =>
        socket.close().catch((error: unknown) => {
          // Its streams are ended and new ones are refused here already.
          log.debug(
            `${guest.machineId}: ${socket.path} was not taken down: ${printable(messageOf(error), 300)}`,
          );
        }),
      ),
    );
  }

  /** Makes the sockets for what is lent, if they are not there. */
  async offer(lent: Readonly<Lent>, wait: WaitOptions): Promise<void> {
    const { guest, folder, confirmations } = this.options;
    if (lent.agent && confirmations && !this.agent) {
      this.agent = guest.socket({
        path: posix.join(folder, 'agent'),
        accept: (stream) => void this.serveAgent(stream, confirmations),
      });
    }
    if (lent.git.length > 0 && !this.git) {
      this.git = guest.socket({
        path: posix.join(folder, 'git'),
        accept: (stream) => void this.serveGit(stream),
      });
    }
    // One after the other: they share their folder.
    for (const socket of [this.agent, this.git]) {
      await socket?.ready(wait);
    }
  }

  /** Variables for a program of the user's that has `env` already. */
  async environment(
    env: Readonly<Record<string, string>>,
    wait: WaitOptions,
  ): Promise<Record<string, string>> {
    const { guest, log } = this.options;
    const lent = await this.options.lent();
    await this.withdraw(lent);
    const values = lent.env.flatMap((name) => {
      const value = this.options.env[name];
      return value === undefined || name in env || value.includes('\0') ? [] : [[name, value]];
    });
    const own: Record<string, string> = Object.fromEntries(values);
    try {
      await withDeadline({ what: 'The sockets for credentials', ms: SOCKETS_MS, ...wait }, (signal) =>
        this.offer(lent, { signal }),
      );
    } catch (error) {
      throwIfCancelled(error);
      log.warn(`${guest.machineId}: sockets are not offered: ${printable(messageOf(error), 300)}`);
      return own;
    }
    return {
      ...own,
      ...(this.agent && !('SSH_AUTH_SOCK' in env) && { SSH_AUTH_SOCK: this.agent.path }),
      ...(this.git &&
        gitConfigEnvironment(env, lent.git, `${KIT_TOOLS}/git-credential-bulkhead ${this.git.path}`)),
    };
  }

  private serveAgent(stream: Parameters<typeof converseAsAgent>[0], confirmations: Confirmations) {
    const { guest, agent } = this.options;
    return converseAsAgent(stream, {
      machineId: guest.machineId,
      agent,
      granted: async () => (await this.options.lent()).agent,
      confirm: (wish, signal) => confirmations.ask(wish, signal),
      onUse: (use) => this.used('signature', use),
    });
  }

  private serveGit(stream: Parameters<typeof converseAboutGit>[0]) {
    return converseAboutGit(stream, {
      granted: async () => (await this.options.lent()).git,
      lookUp: async (question, signal) => {
        this.countGit();
        return hostGitCredential(question, { signal, env: this.options.env });
      },
      onUse: (use) => this.used('git', use),
    });
  }

  private countGit(): void {
    const now = Date.now();
    while (this.gitAsked[0] !== undefined && this.gitAsked[0] < now - 60_000) {
      this.gitAsked.shift();
    }
    if (this.gitAsked.length >= GIT_A_MINUTE) {
      throw new Error(`more than ${GIT_A_MINUTE} questions a minute`);
    }
    this.gitAsked.push(now);
  }

  private used(kind: CredentialUse['kind'], use: Pick<CredentialUse, 'what' | 'given' | 'why'>): void {
    this.options.onUse({ machineId: this.options.guest.machineId, at: Date.now(), kind, ...use });
  }

  dispose(): void {
    this.agent?.dispose();
    this.git?.dispose();
    this.agent = undefined;
    this.git = undefined;
  }
}
