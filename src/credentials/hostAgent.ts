import type { Duplex } from 'node:stream';
import { createAgent } from 'ssh2';
import { withDeadline } from '../core/deadline';
import { BulkheadError } from '../core/errors';
import type { WaitOptions } from '../machine/hypervisor';
import { type AgentIdentity, AgentMessageSplitter, LIST_REQUEST, parseIdentities } from './agentMessages';

/** A key on a token waits for a touch; the user's own agent may ask too. */
const ANSWER_MS = 90_000;
/** What OpenSSH's service listens on (Windows has no SSH_AUTH_SOCK unless the user sets one). */
const WINDOWS_PIPE = '\\\\.\\pipe\\openssh-ssh-agent';

/** The user's own SSH agent on this host. */
export class HostAgent {
  private listed: { at: number; identities: Promise<AgentIdentity[]> } | undefined;

  constructor(
    private readonly env: NodeJS.ProcessEnv = process.env,
    private readonly platform: NodeJS.Platform = process.platform,
  ) {}

  /** Kept for two seconds, so that a guest that asks in a loop costs nothing here. */
  identities(options: WaitOptions = {}): Promise<AgentIdentity[]> {
    if (!this.listed || Date.now() - this.listed.at > 2_000) {
      const listed = { at: Date.now(), identities: this.list(options) };
      this.listed = listed;
      listed.identities.catch(() => {
        if (this.listed === listed) {
          this.listed = undefined;
        }
      });
    }
    return this.listed.identities;
  }

  private async list(options: WaitOptions): Promise<AgentIdentity[]> {
    const identities = parseIdentities(await this.ask(LIST_REQUEST, options));
    if (!identities) {
      throw new BulkheadError('The SSH agent of this computer does not list its keys.');
    }
    return identities;
  }

  /** One message (with its length) and the agent's answer to it (without). */
  async ask(message: Buffer, options: WaitOptions = {}): Promise<Buffer> {
    const path = this.env['SSH_AUTH_SOCK'] ?? (this.platform === 'win32' ? WINDOWS_PIPE : undefined);
    if (path === undefined || path === '') {
      throw new BulkheadError('There is no SSH agent on this computer: SSH_AUTH_SOCK is not set.', {
        next: 'Start one (`ssh-agent`), add a key with `ssh-add`, and start the editor from that shell.',
      });
    }
    return withDeadline(
      { what: 'The SSH agent of this computer', ms: ANSWER_MS, signal: options.signal },
      async (signal) => {
        const stream = await open(path);
        signal.addEventListener('abort', () => stream.destroy(), { once: true });
        try {
          return await exchange(stream, message);
        } finally {
          stream.destroy();
        }
      },
    );
  }
}

/** ssh2 knows the ways to an agent: sockets, Windows' named pipes, Pageant, Cygwin. */
function open(path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const agent = createAgent(path);
    agent.getStream?.((error, stream) => {
      if (error || !stream) {
        reject(
          new BulkheadError('The SSH agent of this computer does not answer.', {
            cause: error,
            next: 'Try `ssh-add -l`.',
          }),
        );
      } else {
        resolve(stream as Duplex);
      }
    });
  });
}

function exchange(stream: Duplex, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const splitter = new AgentMessageSplitter();
    const fail = () =>
      reject(new BulkheadError('The SSH agent of this computer did not answer the request.'));
    stream.on('data', (chunk: Buffer) => {
      try {
        const [answer] = splitter.push(chunk);
        if (answer) {
          resolve(answer);
        }
      } catch {
        // A length that can't be.
        fail();
      }
    });
    for (const end of ['end', 'close', 'error']) {
      stream.on(end, fail);
    }
    stream.write(message);
  });
}
