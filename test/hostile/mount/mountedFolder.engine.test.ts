import { lstat, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { attack } from '../attack';
import { MountedFolder, snapshot, succeedingHere } from './mountedFolder';

let mounted: MountedFolder;
beforeAll(async () => {
  mounted = await MountedFolder.open('--mount');
});
afterAll(() => mounted?.dispose());

attack(
  {
    id: 'mount-read-only',
    from: 'guest',
    tries:
      'Root writes, truncates, removes, renames, links, makes devices and changes modes, owners, times and attributes in the mounted folder; remounts it writable; mounts the device once more.',
    holds:
      'All of it fails, by any mount; the folder on this computer is the same to the byte. In a copy each of them works.',
    promise: 'mounted-read-only',
  },
  async () => {
    const everything = dirname(mounted.folder);
    const before = await snapshot(everything);
    const attempts = [
      'echo x > new',
      'echo x >> src/a.txt',
      'truncate -s 0 src/a.txt',
      'rm src/a.txt',
      'mv src src2',
      'mkdir d',
      'ln -s /etc s',
      'ln src/a.txt hard',
      'mknod dev b 254 0',
      'mkfifo fifo',
      'chmod 4777 src/a.txt',
      'chown 0 src/a.txt',
      'touch -d 2001-01-01 src/a.txt',
      `perl -e 'my ($f, $n, $v) = ("src/a.txt", "user.x", "1"); exit(syscall(188, $f, $n, $v, 1, 0) == 0 ? 0 : 1)'`,
    ];
    expect(await mounted.succeedingInCopy(attempts)).toEqual(attempts);
    expect(await mounted.succeeding(attempts)).toEqual([]);
    // The guest's own mount is the guest's: it may be writable again, and what it leads to is not.
    await mounted.machine.sh('mount -o remount,rw /workspaces/mount', ['--user', 'root']);
    expect(await mounted.succeeding(attempts)).toEqual([]);
    await mounted.machine.sh('mkdir -p /m && mount -t virtiofs workspace /m || true', ['--user', 'root']);
    expect(await mounted.succeeding(['echo x > /m/src/a.txt', 'rm /m/src/a.txt'])).toEqual([]);
    expect(await snapshot(everything)).toEqual(before);
    return `${attempts.length} ways, three times; the same to the byte`;
  },
);

attack(
  {
    id: 'mount-names-upwards',
    from: 'guest',
    tries:
      'Looks up "..", "../../etc/passwd" and "../nested" as one name, which only a tampered guest kernel sends: what virtiofsd would do with them (openat2 with O_PATH).',
    holds:
      'The library that is loaded into virtiofsd refuses such names; without it, the same call opens them.',
    promise: 'mounted-read-only',
  },
  async () => {
    const lookup = `opendir(my $d, "/share/src"); my ($n, $how) = ($ARGV[0], pack("QQQ", 0x200000, 0, 0));
      exit(syscall(437, fileno($d), $n, $how, 24) < 0 ? 1 : 0)`;
    const opens = (preload: string, name: string) =>
      mounted.inShare(
        `if LD_PRELOAD=${preload} perl -e '${lookup}' ${name}; then echo opened; else echo refused; fi`,
      );
    for (const name of ['..', '../../etc/passwd', '../nested']) {
      expect([name, await opens('', name)]).toEqual([name, 'opened']);
      expect([name, await opens('/usr/lib/bulkhead/guard.so', name)]).toEqual([name, 'refused']);
    }
    expect(await opens('/usr/lib/bulkhead/guard.so', 'a.txt')).toBe('opened');
    // It is in the very process that serves.
    const serving =
      'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != virtiofsd ] || grep -c guard.so $p/maps || :; done';
    expect(await mounted.inShare(serving)).toMatch(/^[1-9]/);
    return 'three names refused, an ordinary one opened';
  },
);

attack(
  {
    id: 'mount-guarded-names',
    from: 'guest',
    tries:
      'In a folder mounted read-write, changes what git, editors, containers and CI obey, moves it away, links to it, swaps it, or makes it where it is missing.',
    holds:
      'What is there stays as it is, and what is missing can’t be made, moved or linked; in a copy each attempt works.',
    promise: 'mounted-read-write',
  },
  async () => {
    await mounted.restart('--mount-write');
    const { folder } = mounted;
    // The folder is writable: what is refused below is refused for its name.
    expect(await mounted.succeeding(['echo x > ordinary', 'mkdir -p src/ordinary'])).toHaveLength(2);
    const guarded = [
      '.git',
      '.vscode',
      '.devcontainer.json',
      '.bulkhead.json',
      'app.code-workspace',
      'nested/.git',
      'nested/.vscode',
      'fixture',
    ];
    const kept = () => Promise.all(guarded.map((name) => stateOf(join(folder, name))));
    const was = await kept();
    const files = [
      '.git/config',
      '.vscode/tasks.json',
      '.bulkhead.json',
      'app.code-workspace',
      'nested/.git/config',
      'nested/.vscode/tasks.json',
      'fixture/config',
    ];
    const attempts = [
      ...files.flatMap((file) => [
        `echo x > ${file}`,
        `truncate -s 0 ${file}`,
        `rm ${file}`,
        `mv ${file} moved`,
        `ln ${file} hard && echo x > hard`,
        `chmod 777 ${file}`,
        `touch -d 2001-01-01 ${file}`,
        `echo x > src/over && mv src/over ${file}`,
      ]),
      ...['.git/hooks/pre-commit', '.git/commondir', '.git/info/attributes', 'nested/.git/hooks/x'].map(
        (path) => `mkdir -p ${dirname(path)}; echo x > ${path}`,
      ),
      'mv .git git2',
      'mv nested/.git nested/git2',
      'mv .vscode v2',
      'rm -rf .vscode',
      'mkdir .idea',
      'mkdir -p src/x && mkdir src/x/.devcontainer',
      'mkdir -p src/w && echo x > src/w/evil.code-workspace',
      'mkdir -p fixture/hooks && echo x > fixture/hooks/post-checkout',
      'mkdir .VSCode',
      'mkdir .github',
      'echo x > .envrc',
      'echo x > evil.code-workspace',
      'ln -s src .husky',
      'ln src/a.txt .gitlab-ci.yml',
      'mkdir -p src/x && mv src/x .circleci',
      'mkdir -p src/y/.git',
      'mkdir -p src/y && mkdir src/z && mv src/z src/y/.git',
      'mkdir -p src/y && echo gitdir: /evil > src/y/.git',
      'mkdir -p bare/objects bare/refs && echo ref: refs/heads/main > bare/HEAD',
      // renameat2(AT_FDCWD, "src", AT_FDCWD, ".vscode", RENAME_EXCHANGE)
      `perl -e 'my ($a, $b) = ("src", ".vscode"); exit(syscall(316, -100, $a, -100, $b, 2) == 0 ? 0 : 1)'`,
    ];
    expect(await mounted.succeedingInCopy(attempts)).toEqual(attempts);
    expect(await mounted.succeeding(attempts)).toEqual([]);
    expect(await kept()).toEqual(was);
    // Packages bring settings of their own. A folder of them can be moved out only as a copy, which leaves those behind.
    const packages =
      'rm -rf node_modules q; mkdir -p node_modules/p/.vscode && touch node_modules/p/.vscode/x';
    expect(
      await mounted.succeeding([packages, 'mv node_modules/p node_modules/q', 'rm -r node_modules']),
    ).toHaveLength(3);
    expect(await mounted.succeeding([`${packages} && mv node_modules/p q`])).toEqual([]);
    await expect(lstat(join(folder, 'q/.vscode'))).rejects.toThrow(/ENOENT/);
    expect((await readdir(folder)).filter((name) => name.startsWith('.')).sort()).toEqual([
      '.bulkhead.json',
      '.devcontainer.json',
      '.git',
      '.vscode',
    ]);
    return `${attempts.length} attempts`;
  },
);

attack(
  {
    id: 'mount-links-out',
    from: 'guest',
    tries:
      'Reads and writes through links in the mounted folder that lead to a secret beside it, and opens handles of files that it was never shown.',
    holds:
      'Links are resolved by the guest, where there is nothing; handles lead to the folder’s own files. On this computer the same links lead to the secret.',
    promise: 'mounted-read-only',
  },
  async () => {
    const { machine, outside } = mounted;
    const before = await snapshot(outside);
    const attempts = [
      'cat link',
      'echo x > link',
      'ls up/secret',
      'echo x > up/x',
      'cat up/../outside/secret',
    ];
    expect(await succeedingHere(attempts)).toEqual(attempts);
    expect(await mounted.succeeding(attempts)).toEqual([]);
    expect(await machine.sh('ln -s /etc/hostname src/name; cat src/name')).toBe('mount');
    // open_by_handle_at, FILEID_INO64_GEN of a FUSE mount.
    const forged = `perl -e 'opendir(my $d, "."); my $m = fileno($d); my $inside = 0;
      for my $n (1 .. 400) { my $h = pack("LlLLL", 12, 0x81, 0, $n, 0); my $f = syscall(304, $m, $h, 0);
        next if $f < 0; my $p = readlink("/proc/self/fd/$f");
        if ($p =~ m{^/workspaces/mount|^/ ?}) { $inside++ } else { print "$p\\n" } }
      print "$inside inside\\n"'`;
    const opened = await machine.sh(`cd /workspaces/mount; ${forged}`, ['--user', 'root']);
    expect(opened).toMatch(/^[1-9]\d* inside$/);
    expect(await snapshot(outside)).toEqual(before);
    return `${attempts.length} ways out, none open; handles: ${opened}`;
  },
);

attack(
  {
    id: 'mount-special-files',
    from: 'guest',
    tries: 'Makes device files, FIFOs and set-user-id and set-group-id files in a folder mounted read-write.',
    holds: 'None of them appears on this computer; in a copy each can be made.',
    promise: 'mounted-read-write',
  },
  async () => {
    const attempts = [
      'mknod src/b b 254 0',
      'mknod src/c c 1 3',
      'mkfifo src/f',
      'cp /bin/sh src/sh && chmod 4755 src/sh',
      'cp /bin/sh src/sg && chmod 2755 src/sg',
      'mkdir -m 2777 src/s && [ -g src/s ]',
      `perl -e 'umask 0; exit(sysopen(my $f, "src/suid", 0x41, 04755) ? 0 : 1)' && [ -u src/suid ]`,
    ];
    expect(await mounted.succeedingInCopy(attempts)).toEqual(attempts);
    expect(await mounted.succeeding(attempts)).toEqual([]);
    const made = await readdir(join(mounted.folder, 'src'));
    for (const entry of made) {
      const { mode } = await lstat(join(mounted.folder, 'src', entry));
      expect([entry, (mode & 0o6000).toString(8)]).toEqual([entry, '0']);
      expect([entry, mode & 0o170000]).toEqual([entry, expect.toBeOneOf([0o100000, 0o040000, 0o120000])]);
    }
    return `${attempts.length} attempts; there are ${made.join(', ')}`;
  },
);

async function stateOf(path: string): Promise<unknown> {
  const found = await lstat(path);
  return [found.mode, found.ino, found.isDirectory() ? await snapshot(path) : await readFile(path, 'utf8')];
}
