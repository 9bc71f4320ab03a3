// The FileSystemProvider through `vscode.workspace.fs`, against the machine that this window is on.
const assert = require('node:assert/strict');
const vscode = require('vscode');
const { runInGuest, until } = require('./guestTask.cjs');

const { fs } = vscode.workspace;
const text = (value) => new TextEncoder().encode(value);

suite('files', () => {
  const root = vscode.workspace.workspaceFolders[0].uri;
  const folder = vscode.Uri.joinPath(root, `fs-${Date.now()}`);
  const at = (...names) => vscode.Uri.joinPath(folder, ...names);
  const read = async (uri) => new TextDecoder().decode(await fs.readFile(uri));
  const rejects = (work, code) =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof vscode.FileSystemError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    });

  suiteSetup(() => fs.createDirectory(folder));
  suiteTeardown(() => fs.delete(folder, { recursive: true }));

  test('the folder is in a machine', () => {
    assert.equal(root.scheme, 'bulkhead');
    assert.equal(fs.isWritableFileSystem('bulkhead'), true);
  });

  test('what is written is read back, byte for byte', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);
    await fs.writeFile(at('bytes'), bytes);
    assert.deepEqual(Buffer.from(await fs.readFile(at('bytes'))), Buffer.from(bytes));
    const stat = await fs.stat(at('bytes'));
    assert.equal(stat.size, bytes.length);
    assert.equal(stat.type, vscode.FileType.File);
    await fs.writeFile(at('bytes'), new Uint8Array());
    assert.equal((await fs.stat(at('bytes'))).size, 0);
  });

  test('odd names come through', async () => {
    const names = [
      'with space',
      'ä😀',
      '#hash?query',
      '100%25',
      'quo\'te"',
      '-dash',
      'back\\slash',
      '$HOME `id`',
    ];
    for (const name of names) {
      await fs.writeFile(at('odd', name), text(name));
      assert.equal(await read(at('odd', name)), name);
    }
    const listed = (await fs.readDirectory(at('odd'))).map(([name]) => name);
    assert.deepEqual(listed.sort(), [...names].sort());
  });

  test('names differ by case', async () => {
    await fs.writeFile(at('case'), text('lower'));
    await fs.writeFile(at('CASE'), text('upper'));
    assert.equal(await read(at('case')), 'lower');
  });

  test('rename moves; over a file only if asked', async () => {
    await fs.writeFile(at('a'), text('a'));
    await fs.writeFile(at('b'), text('b'));
    await rejects(fs.rename(at('a'), at('b'), { overwrite: false }), 'FileExists');
    assert.equal(await read(at('b')), 'b');
    await fs.rename(at('a'), at('b'), { overwrite: true });
    assert.equal(await read(at('b')), 'a');
    await rejects(fs.stat(at('a')), 'FileNotFound');
  });

  test('copy copies files and folders; over a file only if asked', async () => {
    await fs.writeFile(at('tree', 'deep', 'leaf'), text('leaf'));
    await fs.copy(at('tree'), at('tree2'));
    assert.equal(await read(at('tree2', 'deep', 'leaf')), 'leaf');
    await fs.writeFile(at('c1'), text('1'));
    await fs.writeFile(at('c2'), text('2'));
    await rejects(fs.copy(at('c1'), at('c2'), { overwrite: false }), 'FileExists');
    await fs.copy(at('c1'), at('c2'), { overwrite: true });
    assert.equal(await read(at('c2')), '1');
    assert.equal(await read(at('c1')), '1');
  });

  test('delete: a full folder only if asked', async () => {
    await fs.writeFile(at('full', 'leaf'), text('x'));
    await assert.rejects(fs.delete(at('full'), { recursive: false }));
    assert.equal(await read(at('full', 'leaf')), 'x');
    await fs.delete(at('full'), { recursive: true });
    await rejects(fs.stat(at('full')), 'FileNotFound');
  });

  test('errors have the code that callers branch on', async () => {
    await fs.writeFile(at('plain'), text('x'));
    await rejects(fs.readFile(at('missing')), 'FileNotFound');
    await rejects(fs.stat(at('missing')), 'FileNotFound');
    await rejects(fs.readDirectory(at('missing')), 'FileNotFound');
    await rejects(fs.delete(at('missing')), 'FileNotFound');
    await rejects(fs.rename(at('missing'), at('other')), 'FileNotFound');
    await rejects(fs.readFile(folder), 'FileIsADirectory');
    await rejects(fs.writeFile(folder, text('x')), 'FileIsADirectory');
    await rejects(fs.readDirectory(at('plain')), 'FileNotADirectory');
  });

  test('other machines and other authorities are not reached', async () => {
    for (const authority of ['no-such-machine', root.authority.slice(0, 3)]) {
      await assert.rejects(fs.stat(root.with({ authority })));
    }
  });

  test('links are shown as links to what they lead to', async () => {
    const task = await runInGuest(
      'ln -s plain link; ln -s . dir; ln -s nowhere dangling; ln -s loop loop',
      folder,
    );
    assert.equal(task, 0);
    const types = new Map(await fs.readDirectory(folder));
    const { SymbolicLink, File, Directory, Unknown } = vscode.FileType;
    assert.equal(types.get('link'), SymbolicLink | File);
    assert.equal(types.get('dir'), SymbolicLink | Directory);
    assert.equal(types.get('dangling'), SymbolicLink | Unknown);
    assert.equal(types.get('loop'), SymbolicLink | Unknown);
    assert.equal((await fs.stat(at('link'))).type, SymbolicLink | File);
    await fs.writeFile(at('link'), text('through the link'));
    assert.equal(await read(at('plain')), 'through the link');
    assert.equal((await fs.stat(at('link'))).type, SymbolicLink | File);
    await fs.delete(at('link'));
    assert.equal(await read(at('plain')), 'through the link');
  });

  test('watching tells of what happens in the guest', async () => {
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '**'));
    const seen = { created: [], changed: [], deleted: [] };
    const name = (uri) => uri.path.slice(folder.path.length + 1);
    watcher.onDidCreate((uri) => seen.created.push(name(uri)));
    watcher.onDidChange((uri) => seen.changed.push(name(uri)));
    watcher.onDidDelete((uri) => seen.deleted.push(name(uri)));
    try {
      await fs.writeFile(at('old'), text('old'));
      await until('the watch is at work', async () => {
        await fs.writeFile(at('probe'), text(String(Date.now())));
        return seen.created.includes('probe') || seen.changed.includes('probe');
      });
      assert.equal(await runInGuest('echo more >> old; echo n > new; mkdir -p sub; rm probe', folder), 0);
      await until('created', () => seen.created.includes('new'));
      await until('changed', () => seen.changed.includes('old'));
      await until('deleted', () => seen.deleted.includes('probe'));
      await until('in a new folder', async () => {
        await runInGuest(`echo x > sub/leaf-${Date.now()}`, folder);
        return seen.created.some((entry) => entry.startsWith('sub/leaf'));
      });
    } finally {
      watcher.dispose();
    }
  });

  test('a document is edited and saved', async () => {
    await fs.writeFile(at('doc.txt'), text('one\n'));
    const document = await vscode.workspace.openTextDocument(at('doc.txt'));
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, new vscode.Position(1, 0), 'two\n');
    assert.equal(await vscode.workspace.applyEdit(edit), true);
    assert.equal(await document.save(), true);
    assert.equal(await read(at('doc.txt')), 'one\ntwo\n');
  });
});
