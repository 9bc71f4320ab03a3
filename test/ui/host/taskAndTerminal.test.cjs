const assert = require('node:assert/strict');
const vscode = require('vscode');
const { runTask, until } = require('./guestTask.cjs');

const root = vscode.workspace.workspaceFolders[0].uri;
const out = vscode.Uri.joinPath(root, 'task-out.txt');
const readOut = async () => new TextDecoder().decode(await vscode.workspace.fs.readFile(out));

suite('tasks', () => {
  test('end with the exit code of the command', async () => {
    assert.equal(await runTask({ command: 'exit 0' }), 0);
    assert.equal(await runTask({ command: 'exit 7' }), 7);
    assert.equal(await runTask({ command: 'no-such-program-here' }), 127);
  });

  test('run in the workspace folder, or in the given one', async () => {
    assert.equal(await runTask({ command: `pwd > ${out.path}` }), 0);
    assert.equal((await readOut()).trim(), root.path);
    assert.equal(await runTask({ command: `pwd > ${out.path}`, cwd: '/' }), 0);
    assert.equal((await readOut()).trim(), '/');
  });

  test('with args nothing is read by a shell, and env is passed on', async () => {
    const script = 'printf "%s|" "$@" "$GREETING" > task-out.txt';
    const args = ['-c', script, 'sh', 'a  b', '$HOME', "quo'te", '*'];
    assert.equal(await runTask({ command: 'sh', args, env: { GREETING: 'he $(id) llo' } }), 0);
    assert.equal(await readOut(), "a  b|$HOME|quo'te|*|he $(id) llo|");
  });

  test('a definition that makes no sense fails', async () => {
    assert.notEqual(await runTask({ command: 'true', cwd: 7 }), 0);
  });

  test('a task that is terminated ends', async () => {
    await vscode.workspace.fs.writeFile(out, new Uint8Array());
    const ended = runTask({ command: `echo runs > ${out.path}; exec sleep 1000` });
    await until('it runs', async () => (await readOut()) === 'runs\n');
    for (const execution of vscode.tasks.taskExecutions) {
      execution.terminate();
    }
    await ended;
  });
});

suite('terminal', () => {
  test('the shell runs in the VM, and its exit code is the terminal’s', async () => {
    await vscode.commands.executeCommand('bulkhead.openTerminal');
    // The tasks above have left terminals too.
    const find = () => vscode.window.terminals.find(({ name }) => name === 'Bulkhead VM');
    await until('there is a terminal', () => find() !== undefined);
    const terminal = find();
    terminal.sendText(`pwd > ${out.path}; uname -s >> ${out.path}; exit 3`);
    await until('the terminal has ended', () => terminal.exitStatus !== undefined);
    assert.equal(terminal.exitStatus.code, 3);
    assert.deepEqual((await readOut()).trim().split('\n'), [root.path, 'Linux']);
  });
});

suite('commands', () => {
  test('package.json and the extension name the same commands', async () => {
    const extension = vscode.extensions.getExtension('bulkhead.bulkhead');
    assert.ok(extension?.isActive);
    const known = await vscode.commands.getCommands(true);
    for (const { command } of extension.packageJSON.contributes.commands) {
      assert.ok(known.includes(command), command);
    }
  });
});
