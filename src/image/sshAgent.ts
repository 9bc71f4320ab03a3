import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { BulkheadError } from '../core/errors';
import { PROGRAM_FOLDER } from '../core/programFolder';

/**
 * Reaches an Engine as the Docker CLI does: through `ssh <host> docker system dial-stdio`, so that the user's ssh_config,
 * known_hosts and agent apply. One ssh process for each connection.
 */
export class SshAgent extends Agent {
  private readonly argv: string[];

  /** @param url `ssh://[user@]host[:port]` */
  constructor(url: string) {
    super({ keepAlive: false });
    this.argv = sshArguments(url);
  }

  override createConnection(): Duplex {
    const child = spawn('ssh', this.argv, { cwd: PROGRAM_FOLDER, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
    // What Node's HTTP client calls on a socket.
    Object.assign(stream, { setTimeout: () => stream, setNoDelay: () => stream, setKeepAlive: () => stream });
    Object.assign(stream, { ref: () => stream, unref: () => stream });
    child.on('error', (error) => stream.destroy(error));
    child.on('exit', (code) => {
      if (code) {
        stream.destroy(new BulkheadError(`ssh ended with ${code}: ${said.trim()}`, { kind: 'host' }));
      }
    });
    stream.on('close', () => child.kill());
    return stream;
  }
}

export function sshArguments(url: string): string[] {
  const { hostname, port, username, password, pathname } = new URL(url);
  if (hostname === '' || password !== '' || (pathname !== '' && pathname !== '/')) {
    throw new BulkheadError(`Not a Docker endpoint: ${url}`, {
      kind: 'host',
      next: 'Write it as ssh://user@host or ssh://user@host:port.',
    });
  }
  const user = username === '' ? [] : ['-l', decodeURIComponent(username)];
  const portOption = port === '' ? [] : ['-p', port];
  const options = [...user, ...portOption, '-o', 'ConnectTimeout=30', '-T'];
  return [...options, '--', hostname.replace(/^\[|\]$/g, ''), 'docker', 'system', 'dial-stdio'];
}
