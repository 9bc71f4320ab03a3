import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { type Log, silentLog } from '../../../src/core/log';
import { connectGuest, type GuestOptions } from '../../../src/guest/connectGuest';
import { type GuestIdentity, loadOrCreateIdentity } from '../../../src/guest/identity';

/** A stand-in for the kit's `session` program (docs/architecture.md, "In the guest"), without accounts. */
const SESSION = `#!/usr/bin/perl
use strict; use warnings; use File::Basename;
my $command = $ENV{SSH_ORIGINAL_COMMAND};
chdir($ENV{BULKHEAD_CWD}) or exit 126 if defined $ENV{BULKHEAD_CWD};
if (!defined $command) { exec '/bin/sh', '-i'; }
elsif ($command =~ /^bulkhead-argv ([0-9a-f]*)$/) { my @argv = split /\\0/, pack('H*', $1), -1; exec { $argv[0] } @argv or exit 127; }
elsif ($command =~ /^bulkhead-control watch (\\w+)$/) { exec '/bin/sh', dirname($0) . "/watch-$1"; }
elsif ($command =~ /^bulkhead-control (.*)$/) { open(my $file, '>>', dirname($0) . '/control') or exit 1; print $file "$1\\n"; close $file; exit 0; }
elsif ($command =~ m{^/\\S*sftp-server$}) { exec $command; }
else { exec '/bin/sh', '-c', $command; }
`;

function firstExisting(...paths: string[]): string {
  const found = paths.find((path) => existsSync(path));
  if (!found) {
    throw new Error(
      `None of these is installed: ${paths.join(', ')} (apt-get install openssh-server busybox inotify-tools perl)`,
    );
  }
  return found;
}

/** A real sshd behind a byte stream, as the kit's is: one `sshd -i` process for each dial, and no port. */
export class OpenSshServer {
  private readonly running = new Set<ReturnType<typeof spawn>>();
  dials = 0;

  private constructor(
    /** A scratch folder; `home` in it stands for the guest's file tree. */
    readonly folder: string,
    readonly identity: GuestIdentity,
    readonly sshdCommand: [string, ...string[]],
  ) {}

  get home(): string {
    return join(this.folder, 'home');
  }

  static async start(): Promise<OpenSshServer> {
    const folder = await mkdtemp(join(tmpdir(), 'bulkhead-sshd-'));
    await mkdir(join(folder, 'home'));
    await mkdir(join(folder, 'bin'));
    await mkdir(join(folder, 'state'));
    const identity = await loadOrCreateIdentity(join(folder, 'keys'), 'm1');
    const session = join(folder, 'session');
    await writeFile(session, SESSION);
    await chmod(session, 0o755);
    await writeFile(join(folder, 'authorized_keys'), `${identity.authorizedKey}\n`);
    const sftp = firstExisting(
      '/usr/lib/openssh/sftp-server',
      '/usr/libexec/openssh/sftp-server',
      '/usr/lib/ssh/sftp-server',
    );
    const config = join(folder, 'sshd_config');
    await writeFile(
      config,
      [
        `HostKey ${join(folder, 'keys/host_ed25519')}`,
        `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
        'PidFile none',
        'UsePAM no',
        'StrictModes no',
        'PermitRootLogin yes',
        'PasswordAuthentication no',
        'AcceptEnv *',
        'MaxSessions 128',
        'StreamLocalBindUnlink yes',
        'StreamLocalBindMask 0111',
        `Subsystem sftp ${sftp}`,
        `ForceCommand ${session}`,
      ].join('\n'),
    );
    await symlink(firstExisting('/bin/busybox', '/usr/bin/busybox'), join(folder, 'bin/busybox'));
    await symlink(firstExisting('/bin/tar', '/usr/bin/tar'), join(folder, 'bin/tar'));
    await symlink(firstExisting('/usr/bin/inotifywait', '/bin/inotifywait'), join(folder, 'bin/inotifywait'));
    if (process.getuid?.() === 0) {
      // sshd's privilege separation folder, which Debian's service makes at boot.
      await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    }
    return new OpenSshServer(folder, identity, [firstExisting('/usr/sbin/sshd'), '-i', '-f', config]);
  }

  dial = async (): Promise<Duplex> => {
    this.dials++;
    const [program, ...rest] = this.sshdCommand;
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.running.add(child);
    child.once('exit', () => this.running.delete(child));
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
    stream.once('close', () => child.kill());
    return stream;
  };

  /** Cuts every connection, as a stopped VM does. */
  kill(): void {
    for (const child of this.running) {
      child.kill('SIGKILL');
    }
  }

  guest(options: Partial<GuestOptions> = {}, log: Log = silentLog) {
    return connectGuest({
      machineId: 'm1',
      dial: this.dial,
      identity: this.identity,
      log,
      defaultCwd: this.home,
      username: userInfo().username,
      toolsFolder: join(this.folder, 'bin'),
      ...options,
    });
  }

  async stop(): Promise<void> {
    this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
