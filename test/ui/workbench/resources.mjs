// The Resources view and the status bar's glance, against what a real guest does and says.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { eventually } from '../harness/eventually.mjs';
import { Workbench } from '../harness/workbench.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const BRING_UP_MS = 300_000;
const BUSYBOX = '/.bulkhead/bin/busybox';
/** In all, the kernel keeps 15 characters of a name: markup, and an escape that would turn a terminal red. */
const HOSTILE = '<img src=x>\u001b[1m';
/** Started like any program; what shows is the file's name. */
const BURN = '#!/bin/sh\necho $$ > /tmp/burner\nwhile :; do :; done\n';

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function resources({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `resources-${process.pid}`);
  const glance = page.locator('[id="bulkhead.bulkhead.resources"]');
  const sideBar = page.locator('.part.sidebar');
  /** The page of the view; of the editor if it is open. */
  const view = page.frameLocator('iframe.webview.ready').last().frameLocator('iframe#active-frame');
  const summary = (chart) => view.locator(`#${chart}-summary`).textContent({ timeout: 2000 });
  /** @type {string} */ let id = '';
  /** @type {string} */ let workspace = '';

  /** @param {'host' | 'guest'} source @param {string} row @param {string} chart */
  const figure = async (source, row, chart) => {
    const cells = view.locator(`section:has(#${chart}-chart) tr`, {
      has: page.locator(`th:text-is("${row}")`),
    });
    return (
      (await cells
        .locator('td .value')
        .nth(source === 'host' ? 0 : 1)
        .textContent({ timeout: 2000 })) ?? ''
    );
  };
  const cpu = async () => {
    const [, host, guest] =
      /Whole VM: ([\d.]+)% \(host\), ([\d.]+)% \(guest\)/.exec(await summary('cpu')) ?? [];
    return { host: Number(host), guest: Number(guest) };
  };
  /** What is drawn: how many pixels of a chart's canvas are not empty, and a sum that changes with any of them. */
  const drawn = (chart) =>
    view.locator(`#${chart}-chart canvas`).evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let pixels = 0;
      let sum = 0;
      for (let index = 0; index < data.length; index += 4) {
        pixels += data[index + 3] ? 1 : 0;
        sum = (sum * 31 + data[index] + data[index + 1] + data[index + 2] + data[index + 3]) % 1_000_003;
      }
      return { pixels, sum };
    });
  /** How many watchers of ours run in the guest. */
  const watchers = async () => {
    const script =
      'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n" | grep -c "watch [r]esources"; true';
    return Number(await cli.exec(id, 'sh', '-c', script));
  };
  const shows = async (kind) => {
    await view
      .locator('body')
      .and(view.locator(`.${kind}`))
      .waitFor();
    await eventually('the chart is drawn', async () => (await drawn('cpu')).pixels > 500);
  };

  const opened = await results.test('the view shows a machine in charts that are drawn', async () => {
    const up = JSON.parse(await cli.must(['up', folder, '--json']));
    ({ id, workspace } = up);
    await window.open(`bulkhead://${id}${workspace}`);
    await window.statusSays('running', BRING_UP_MS);
    await window.runCommand('Bulkhead: Show Resources');
    await view
      .locator('h1')
      .filter({ hasText: `resources-${process.pid}` })
      .waitFor();
    await view.locator('#cpu-chart canvas').waitFor({ timeout: 60_000 });
    for (const chart of ['cpu', 'memory', 'disk', 'network']) {
      await eventually(`${chart} is drawn`, async () => (await drawn(chart)).pixels > 500);
    }
    await eventually('the guest answers', async () => (await summary('cpu')).includes('(guest)'), 60_000);
  });
  if (!opened) {
    return;
  }

  await results.test('figures change while the guest burns CPU: up, then down', async () => {
    await eventually('it is quiet', async () => (await cpu()).guest < 50, 60_000);
    const before = await drawn('cpu');
    const file = `/tmp/${HOSTILE}`;
    await cli.exec(id, 'sh', '-c', `printf %s "$1" > "$2"; chmod +x "$2"`, 'sh', BURN, file);
    const burning = cli.run(['exec', id, '--', 'timeout', '120', file]);
    try {
      await eventually(
        'guest and host say that it is busy',
        async () => {
          const { host, guest } = await cpu();
          return host > 60 && guest > 70;
        },
        60_000,
      );
      await eventually('the chart shows it', async () => (await drawn('cpu')).sum !== before.sum);
      await results.picture('resources-busy');
      await eventually('the process is at the top, as plain text', async () => {
        const name = await view.locator('.processes tbody .name').first().textContent({ timeout: 2000 });
        return name?.startsWith('<img src=x>') && !name.includes('\u001b');
      });
      if ((await view.locator('img').count()) > 0) {
        throw new Error('a process name became an element');
      }
    } finally {
      await cli.exec(id, 'sh', '-c', 'kill -9 "$(cat /tmp/burner)"');
      await burning;
    }
    await eventually(
      'both say that it is over',
      async () => {
        const { host, guest } = await cpu();
        return host < 50 && guest < 50;
      },
      60_000,
    );
  });

  await results.test('memory and disk are what the guest’s own tools say', async () => {
    const kilobytes = (text, name) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
    const meminfo = await cli.exec(id, 'cat', '/proc/meminfo');
    near(
      'memory of the guest',
      bytes(await figure('guest', 'Limit', 'memory')),
      kilobytes(meminfo, 'MemTotal'),
      0.05,
    );
    const [total, free, ...cached] = ['MemTotal', 'MemFree', 'Buffers', 'Cached', 'SReclaimable'].map(
      (name) => kilobytes(meminfo, name),
    );
    const used = cached.reduce((left, part) => left - part, total - free) + kilobytes(meminfo, 'Shmem');
    near('memory in use', bytes(await figure('guest', 'Programs', 'memory')), used, 0.6);
    const usage = JSON.parse((await cli.must(['stats', id, '--json'])).split('\n')[0]);
    near(
      'memory on the host',
      bytes(await figure('host', 'Taken from host', 'memory')),
      usage.memoryBytes,
      0.5,
    );
    const [, size, diskUsed] = (await cli.exec(id, BUSYBOX, 'df', '-k', '/'))
      .trim()
      .split('\n')
      .at(-1)
      .split(/\s+/);
    const words = await view.getByRole('meter', { name: 'File system' }).getAttribute('aria-valuetext');
    const [shownUsed, shownSize] = words.split(' of ').map(bytes);
    near('size of the file system', shownSize, Number(size) * 1024, 0.1);
    if (Math.abs(shownUsed - Number(diskUsed) * 1024) > 20 * 2 ** 20) {
      throw new Error(`${words}, but df says ${diskUsed} KB`);
    }
    await view.getByRole('meter', { name: 'Image layers' }).waitFor();
    await view.getByRole('meter', { name: 'Writable disk' }).waitFor();
  });

  await results.test('keys read what was, and Escape returns to the present', async () => {
    const slider = view.locator('#cpu-chart');
    await slider.focus();
    await page.keyboard.press('Home');
    const value = (await slider.getAttribute('aria-valuetext')) ?? '';
    if (!/^\d+ s ago: Whole VM: /.test(value) || !(Number(await slider.getAttribute('aria-valuenow')) < 0)) {
      throw new Error(`Home reads "${value}"`);
    }
    await view.locator('.read-time').filter({ hasText: 'ago' }).waitFor();
    await page.keyboard.press('Escape');
    await view.locator('.read-time').waitFor({ state: 'hidden' });
    if ((await slider.getAttribute('aria-valuenow')) !== '0') {
      throw new Error('Escape does not return to the present');
    }
  });

  await results.test('the status bar has CPU and memory of the machine', async () => {
    await glance.filter({ hasText: /\d% · \d+(\.\d)? [MG]iB/ }).waitFor();
  });

  for (const [theme, kind] of [
    ['Light Modern', 'vscode-light'],
    ['Dark High Contrast', 'vscode-high-contrast'],
    ['Dark Modern', 'vscode-dark'],
  ]) {
    await results.test(`${theme}: redrawn in its colours, without a violation of accessibility`, async () => {
      await window.runCommand('Preferences: Color Theme');
      await page.keyboard.type(theme);
      await window.quickPickRow(theme).click();
      await shows(kind);
      await results.picture(`resources-${theme}`);
      await accessible(view, sideBar);
    });
  }

  await results.test('hidden, nothing samples any more; shown again, it goes on', async () => {
    await eventually('one watcher runs in the guest', async () => (await watchers()) === 1);
    await window.runCommand('View: Show Explorer');
    await eventually('no watcher runs in the guest', async () => (await watchers()) === 0);
    await window.runCommand('Bulkhead: Show Resources');
    await eventually('the view has its history at once', async () => (await drawn('cpu')).pixels > 500);
    await eventually('a watcher runs again', async () => (await watchers()) === 1);
    const before = await drawn('memory');
    await eventually('the chart moves on', async () => (await drawn('memory')).sum !== before.sum);
  });

  await results.test('a suspended machine shows its last figures, and Resume wakes it', async () => {
    await window.runCommand('Bulkhead: Suspend');
    const banner = view.locator('.banner');
    await banner.filter({ hasText: 'is suspended' }).waitFor({ timeout: BRING_UP_MS });
    await banner.filter({ hasText: 'last figures' }).waitFor();
    await view.locator('.space').filter({ hasText: 'Saved memory' }).waitFor();
    await glance.waitFor({ state: 'hidden' });
    await results.picture('resources-suspended');
    await accessible(view, sideBar);
    await banner.getByRole('button', { name: 'Resume' }).click();
    await banner.waitFor({ state: 'hidden', timeout: BRING_UP_MS });
    await window.statusSays('running', BRING_UP_MS);
    await eventually(
      'the guest answers again',
      async () => (await summary('cpu')).includes('(guest)'),
      60_000,
    );
    await glance.waitFor({ timeout: 60_000 });
  });

  await results.test('the same in an editor, as wide as it is', async () => {
    await window.runCommand('View: Show Explorer');
    await window.runCommand('Bulkhead: Open Resources in Editor');
    await page.locator('.tab', { hasText: 'Bulkhead Resources' }).waitFor();
    await eventually('the charts are drawn', async () => (await drawn('network')).pixels > 500);
    await results.picture('resources-editor');
    await accessible(view, page.locator('.part.editor > .content'));
    await page.keyboard.press('Control+F4');
  });
}

/**
 * @param {import('playwright-core').FrameLocator} view
 * @param {import('playwright-core').Locator} behind what the page, which has no background of its own, lies on
 */
async function accessible(view, behind) {
  const colour = await behind.evaluate((element) => getComputedStyle(element).backgroundColor);
  const frame = await (await view.locator('main').elementHandle())?.ownerFrame();
  await frame.evaluate(axe);
  const { violations } = await frame.evaluate(async (background) => {
    document.body.style.backgroundColor = background;
    const found = await axe.run();
    document.body.style.backgroundColor = '';
    return found;
  }, colour);
  if (violations.length > 0) {
    throw new Error(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`).join('\n'));
  }
}

/** Bytes of a text as the view writes them. @param {string} text */
function bytes(text) {
  const [, value, unit] = /^([\d.]+) ([KMGT]?)i?B/.exec(text) ?? [];
  return Number(value) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit ?? '');
}

/** @param {string} what @param {number} shown @param {number} expected @param {number} tolerance a fraction */
function near(what, shown, expected, tolerance) {
  if (!(Math.abs(shown - expected) <= expected * tolerance)) {
    throw new Error(`${what}: ${shown} is shown, ${expected} expected`);
  }
}
