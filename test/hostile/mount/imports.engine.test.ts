import { expect, test } from 'vitest';
import { inKit } from '../../integration/fixtures/machine';

/** Functions of glibc that make, change, move or remove a file, or open one so that this can be done. */
const CHANGING =
  `creat creat64 open open64 openat openat64 openat2 fopen fopen64 freopen mkstemp mkostemp mkdtemp tmpfile
  mkdir mkdirat mknod mknodat mkfifo mkfifoat symlink symlinkat link linkat rename renameat renameat2 unlink unlinkat rmdir remove
  chmod lchmod fchmod fchmodat chown lchown fchown fchownat utime utimes lutimes futimes futimesat utimensat futimens
  truncate truncate64 ftruncate ftruncate64 fallocate fallocate64 posix_fallocate posix_fallocate64
  setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr copy_file_range sendfile splice open_by_handle_at
  name_to_handle_at mount umount umount2 syscall`.split(/\s+/);

/** Those that virtiofsd has and the guard need not: */
const HARMLESS = [
  // Before it serves: its command line, its socket. No request leads to them.
  'open',
  'open64',
  'unlink',
  'chown',
  // Take capabilities, and it has none.
  'mount',
  'umount2',
  // Work on what was opened to write, which the guard has looked at.
  'ftruncate',
  'fallocate64',
  // Only tells.
  'name_to_handle_at',
];

/** Prints a program's dynamic symbols: `U` for what it needs, `D` for what it has itself. */
const SYMBOLS = String.raw`
  my $elf = do { local $/; open(my $f, '<:raw', $ARGV[0]) or die $!; <$f> };
  my ($at, $size, $count) = (unpack('Q', substr($elf, 40, 8)), unpack('SS', substr($elf, 58, 4)));
  my @sections = map { [unpack('LLQQQQLLQQ', substr($elf, $at + $size * $_, 64))] } 0 .. $count - 1;
  for my $symbols (grep { $_->[1] == 11 } @sections) {
    my $names = substr($elf, $sections[$symbols->[6]][4], $sections[$symbols->[6]][5]);
    for (my $entry = 24; $entry < $symbols->[5]; $entry += 24) {
      my ($name, undef, undef, $section) = unpack('LCCS', substr($elf, $symbols->[4] + $entry, 8));
      print $section ? 'D ' : 'U ', unpack('Z*', substr($names, $name)), "\n";
    }
  }`;

async function symbols(path: string, kind: 'U' | 'D'): Promise<string[]> {
  const lines = (await inKit('perl', '-e', SYMBOLS, path)).split('\n');
  return lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(2));
}

test('virtiofsd has no way to change a file that the guard does not know', async () => {
  const needed = await symbols('/usr/libexec/virtiofsd', 'U');
  const guarded = new Set(await symbols('/usr/lib/bulkhead/guard.so', 'D'));
  const changing = needed.filter((name) => CHANGING.includes(name));
  expect(changing).toEqual(expect.arrayContaining(['openat', 'mkdirat', 'syscall', ...HARMLESS]));
  expect(changing.filter((name) => !guarded.has(name)).sort()).toEqual([...HARMLESS].sort());
});
