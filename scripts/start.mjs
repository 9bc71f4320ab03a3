// `npm start [-- <folder>] [options]`: from a clean clone to a folder in its own microVM with an editor on it.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { capture, ROOT, run, say, which } from './setup/run.mjs';
import { runScript, setUp } from './setup.mjs';

const USAGE = `npm start [-- [folder] [options]]
  folder       what to open (default: examples/node-service)
  --cli        no editor, only the machine
  --no-open    do not open a browser
  --port <n>   the editor's port on 127.0.0.1 (default: a free one)
  --once       check that editor and SSH answer, then leave the machine suspended and end`;

/** Ctrl-C reaches us twice under npm, from the terminal and from npm: within this time (ms) it is one. */
const SAME_PRESS_MS = 1500;

await runScript(async () => {
  const { values, positionals } = readArguments();
  if (values.help || positionals.length > 1) {
    say(USAGE);
    return values.help ? 0 : 2;
  }
  const folder = resolve(
    process.env.INIT_CWD ?? process.cwd(),
    positionals[0] ?? join(ROOT, 'examples/node-service'),
  );
  const interruption = watchInterruption();
  const { env } = await setUpAndBuild().finally(interruption.endIfPressed);

  const up = await startMachine(folder, env, interruption);
  /** @type {import('./editor.mjs').Editor | undefined} */
  let editor;
  try {
    const page = values.cli ? undefined : await startPage(up, env, values.port);
    editor = page?.editor;
    const command = ['ssh', '-F', up.ssh.config, up.ssh.alias];
    await checkSsh(command, env);
    tell(up, command, page);
    if (!values.once) {
      if (page && !values['no-open']) {
        await openBrowser(page.url);
      }
      say('\nCtrl-C suspends the machine and ends.');
      const why = await Promise.race([interruption.pressed, ...(editor ? [editor.ended] : [])]);
      say(why === undefined ? '' : `The editor ended: ${why}`);
    }
  } finally {
    editor?.stop();
    await suspend(up.id, env);
  }
  say(`Come back with:  npm start${positionals[0] === undefined ? '' : ` -- ${positionals[0]}`}`);
  return 0;
});

async function setUpAndBuild() {
  const { env } = await setUp('start');
  await run(['node', 'esbuild.mjs'], { env });
  return { env };
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        cli: { type: 'boolean' },
        'no-open': { type: 'boolean' },
        once: { type: 'boolean' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    say(error.message);
    return { values: {}, positionals: ['', ''] };
  }
}

/** `pressed` resolves at the first SIGINT or SIGTERM; a second, later one ends this process at once. */
function watchInterruption() {
  let first = 0;
  /** @type {(value: undefined) => void} */
  let resolvePressed = () => undefined;
  const pressed = new Promise((resolveIt) => {
    resolvePressed = resolveIt;
  });
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.on(name, () => {
      if (first === 0) {
        first = Date.now();
        resolvePressed(undefined);
      } else if (Date.now() - first > SAME_PRESS_MS) {
        process.exit(130);
      }
    });
  }
  const endIfPressed = () => {
    if (first !== 0) {
      say('Cancelled.');
      process.exit(130);
    }
  };
  return { pressed, endIfPressed };
}

/** `bulkhead up`, whose result comes as JSON and whose progress goes to our stderr. */
async function startMachine(folder, env, interruption) {
  // A group of its own, so that a Ctrl-C reaches it once, from here.
  const child = spawn('node', [join(ROOT, 'dist/cli.js'), 'up', folder, '--json'], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  void interruption.pressed.then(() => child.kill('SIGINT'));
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolveIt, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolveIt(status ?? 1));
  });
  if (code !== 0) {
    // The CLI has said why.
    process.exit(code);
  }
  return JSON.parse(output);
}

async function startPage(up, env, port) {
  // Not before node_modules and the build are there.
  const { ensureCodeServer } = await import('../test/ui/setup.mjs');
  const { pageOf, startEditor } = await import('./editor.mjs');
  const codeServer = await ensureCodeServer(say);
  const vsix = join(ROOT, 'dist/bulkhead.vsix');
  await run(['npm', 'run', '--silent', 'package'], { env });
  const editor = await startEditor(codeServer, { vsix, env, ...(port ? { port: Number(port) } : {}) });
  const path = pageOf(`bulkhead://${up.id}${up.workspace}`);
  await editor.check(path);
  return { editor, url: `${editor.origin}${path}` };
}

/** @param {string[]} command */
async function checkSsh(command, env) {
  const answer = await capture([...command, '-o', 'BatchMode=yes', 'uname -r'], { env, timeoutMs: 60_000 });
  if (answer.code !== 0) {
    throw new Error(`${command.join(' ')}: exit ${answer.code}\n${answer.stderr}`);
  }
  say(`SSH answers: kernel ${answer.stdout.trim()} in the machine`);
}

function tell(up, command, page) {
  say(`
${up.id} is ${up.state} (${up.accelerator}${up.accelerator === 'tcg' ? ': emulated, slow' : ''})
  shell    node dist/cli.js ssh ${up.id}
  OpenSSH  ${command.join(' ')}`);
  if (page) {
    say(`  editor   ${page.url}\n  password ${page.editor.password}`);
  }
}

async function openBrowser(url) {
  const opener = process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? await which('xdg-open') : undefined;
  if (opener) {
    spawn(opener, [url], { detached: true, stdio: 'ignore' }).unref();
  }
}

/** Leaves the machine suspended, whoever else (the closing editor) is at it too. */
async function suspend(id, env) {
  say(`Suspending ${id}…`);
  const cli = (...args) => capture(['node', join(ROOT, 'dist/cli.js'), ...args], { env, timeoutMs: 120_000 });
  const result = await cli('suspend', id, '--json');
  if (result.code === 0) {
    return;
  }
  const machines = (await cli('ls', '--json')).stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const state = machines.find((machine) => machine.id === id)?.state ?? 'gone';
  say(state === 'suspended' ? `${id} is suspended.` : `${id} is ${state}: ${result.stderr}`);
}
