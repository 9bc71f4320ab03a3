// Layer 2: mocha inside the extension host, with the real `vscode` API, on a window in a real machine.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'node:util';
import { openChromium } from '../harness/chromium.mjs';
import { prepareCodeServer } from '../harness/codeServer.mjs';

const RUN_MS = 900_000;

/**
 * @param {{ root: string, folder: string, codeServer: import('../setup.mjs').CodeServer, chromium: string,
 *   env: Record<string, string>, results: any, cli: any, example: Function }} options
 */
export async function runHostTests({ root, folder, codeServer, chromium, env, results, cli, example }) {
  await mkdir(folder, { recursive: true });
  const workspace = await example('bare', 'extension-host');
  const machine = JSON.parse(await cli.must(['up', workspace, '--json']));
  // The driver suppresses every notification, so that no dialog waits for a person.
  const flags = ['--vscode-option', 'enable-smoke-test-driver'];
  const prepared = await prepareCodeServer({ codeServer, folder, env, flags });
  const server = await prepared.start();
  const browser = await openChromium(chromium);
  results.screenshot = (path) => browser.page.screenshot({ path });
  try {
    const exited = new Promise((resolve) => browser.page.exposeFunction('codeAutomationExit', resolve));
    await browser.page.exposeFunction('codeAutomationLog', (_type, args) => report(results, args));
    const remote = `vscode-remote://${new URL(server.url).host}`;
    const payload = [
      ['extensionDevelopmentPath', `${remote}${root.replace(/\/$/, '')}`],
      ['extensionTestsPath', `${remote}${join(root, 'test/ui/host/index.cjs')}`],
    ];
    const query = new URLSearchParams({
      folder: `bulkhead://${machine.id}${machine.workspace}`,
      payload: JSON.stringify(payload),
    });
    await browser.page.goto(`${server.url}/?${query}`);
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, RUN_MS, 'late');
    });
    const code = await Promise.race([exited, late]);
    clearTimeout(timer);
    if (code !== 0) {
      await results.picture('extension-host');
    }
    if (code === 'late') {
      results.add('extension host: the tests end', `no end within ${RUN_MS} ms`);
    }
  } finally {
    results.screenshot = undefined;
    await browser.close();
    await server.stop();
  }
}

/** The suite's reporter prints one JSON line a test. */
function report(results, args) {
  const line = format(...args);
  const at = line.indexOf('{"uiTest"');
  if (at < 0) {
    return;
  }
  const { uiTest, failure } = JSON.parse(line.slice(at));
  results.add(`extension host: ${uiTest}`, failure);
}
