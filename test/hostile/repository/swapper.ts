import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** renameat2's number (asm/unistd.h). With RENAME_EXCHANGE (2) nothing is ever missing. */
const RENAMEAT2 = process.arch === 'arm64' ? 276 : 316;
/** AT_FDCWD */
const HERE = -100;

const SCRIPT = `
my ($path, $target) = @ARGV;
my $spare = "$path.swap";
symlink $target, $spare or die;
$| = 1;
print "ready\\n";
my $parent = getppid();
syscall(${RENAMEAT2}, ${HERE}, $path, ${HERE}, $spare, 2) while getppid() == $parent;
`;

/** A process that swaps a path for a link to another place, until it is stopped: what somebody who can write into the folder can do. */
export class Swapper {
  private constructor(private readonly child: ChildProcess) {}

  static async start(path: string, target: string): Promise<Swapper> {
    const child = spawn('perl', ['-e', SCRIPT, path, target], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return new Swapper(child);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'exit');
    }
  }
}
