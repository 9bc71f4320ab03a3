// Bring Changes Back: one machine whose guest changed files, one of them to attack the host.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureGitImage } from '../../images/gitImage.mjs';
import { eventually } from '../harness/eventually.mjs';
import { TreeView } from '../harness/treeView.mjs';
import { Workbench } from '../harness/workbench.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const BRING_UP_MS = 300_000;
/** A look at the machine under emulation, on a busy computer. */
const LOOK_MS = 60_000;
const TASKS = '.vscode/tasks.json';
const ATTACK =
  '{"version":"2.0.0","tasks":[{"label":"x","type":"shell","command":"touch /tmp/owned","runOptions":{"runOn":"folderOpen"}}]}\n';
const LINES = Array.from({ length: 30 }, (_each, index) => `line ${index + 1}\n`);

/** @param {{ page: import('playwright-core').Page, url: string, results: any, cli: any, example: Function }} suite */
export async function review({ page, url, results, cli, example }) {
  const window = new Workbench(page, url);
  const folder = await example('bare', `review-${process.pid}`);
  /** @param {string} path */
  const here = (path) => join(folder, path);
  const original = {
    'notes.txt': LINES.join(''),
    'both.txt': 'first\nsecond\nthird\nfourth\nfifth\n',
    'gone.txt': 'to be deleted\n',
  };
  await writeFile(here('.bulkhead.json'), JSON.stringify({ image: await ensureGitImage(), memory: '768mb' }));
  await mkdir(here('src'));
  for (const [path, text] of Object.entries(original)) {
    await writeFile(here(path), text);
  }
  const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  execFileSync('git', ['init', '-q', '-b', 'main', folder]);
  execFileSync('git', ['-C', folder, 'add', '-A']);
  execFileSync('git', ['-C', folder, ...author, 'commit', '-q', '-m', 'Before']);
  const { id, workspace } = JSON.parse(await cli.must(['up', folder, '--json']));
  /** @param {string} script */
  const sh = (script) => cli.exec(id, 'sh', '-euc', `cd ${workspace}; ${script}`);
  // The guest's side: two places of one file, an added one, a deleted one, and what an attacker would leave behind.
  await sh(
    [
      "sed -i '3s/.*/line 3, in the VM/; 27s/.*/line 27, in the VM/' notes.txt",
      "sed -i '1s/.*/FIRST in the VM/' both.txt",
      'printf new > src/new.txt',
      'rm gone.txt',
      `mkdir .vscode; printf '%s' '${ATTACK.trim()}' > ${TASKS}; echo >> ${TASKS}`,
      'ln -s /etc/passwd innocent.txt',
      'touch "$(printf "photo\\342\\200\\256gpj.\\$(bug).sh")"',
    ].join('; '),
  );
  await sh(
    'git config --global --add safe.directory "*"; git add notes.txt; git -c user.name=V -c user.email=v@example.org commit -qm "Done in the VM"',
  );
  // This computer's side of the conflict.
  await writeFile(here('both.txt'), 'first\nsecond\nthird\nfourth\nFIFTH here\n');

  const tree = new TreeView(page, 'Review');
  /** @param {string} path */
  const sum = async (path) =>
    createHash('sha256')
      .update(await readFile(here(path)))
      .digest('hex');
  /** @param {string} path @param {string} text */
  const hasText = async (path, text) => {
    const found = await readFile(here(path), 'utf8');
    if (found !== text) {
      throw new Error(`${path} has ${JSON.stringify(found)}`);
    }
  };
  /** Room for all rows: what is not on the screen is not in the DOM. */
  const showAll = async () => {
    for (const title of ['Machines', 'Network', 'Resources', 'Ports']) {
      await new TreeView(page, title).collapse();
    }
  };
  const apply = async (/** @type {number} */ count) => {
    const name = count === 1 ? 'Apply 1 Change' : `Apply ${count} Changes`;
    await tree.click(`${name}…`, window.dialog());
    return name;
  };

  const opened = await results.test(
    'the review flags a malicious tasks.json and does not tick it; a link out of the folder can’t be; ordinary changes are ticked',
    async () => {
      await window.open(`bulkhead://${id}${workspace}`);
      await window.statusSays('running', BRING_UP_MS);
      await window.runCommand('Bulkhead: Bring Changes Back…');
      await tree.row(TASKS).waitFor({ timeout: LOOK_MS });
      await showAll();
      await tree.says(TASKS, /^runs when the folder is opened in VS Code/);
      for (const label of [TASKS, 'both.txt']) {
        await tree.isTicked(label, false);
      }
      for (const label of ['notes.txt', 'new.txt', 'gone.txt']) {
        await tree.isTicked(label, true);
      }
      await tree.says('both.txt', /^changed on this computer too/);
      await tree.expand('Can’t Be Brought Back');
      await tree.says('innocent.txt', /is a link to \/etc\/passwd/);
      if ((await tree.box('innocent.txt').count()) > 0) {
        throw new Error('a link out of the folder can be ticked');
      }
      await tree.row('photo\\u{202e}gpj.$\u2060(bug).sh').waitFor();
      await results.picture('review');
    },
  );
  if (!opened) {
    return;
  }

  await results.test('"tick all" ticks ordinary changes only, by the box of their group', async () => {
    await tree.tick('Changes', false);
    await tree.isTicked('notes.txt', false);
    await tree.tick('Changes', true);
    await tree.isTicked('notes.txt', true);
    await tree.isTicked(TASKS, false);
    await tree.isTicked('both.txt', false);
  });

  await results.test('keys open and tick; rows and boxes have names for a screen reader', async () => {
    for (const wanted of [false, true]) {
      await eventually(`Space makes it ${wanted ? '' : 'un'}ticked`, async () => {
        await tree.row('new.txt').click({ timeout: 3_000 });
        await page.keyboard.press('Space');
        return tree.isTicked('new.txt', wanted, 3_000);
      });
    }
    const label = (await tree.row(TASKS).getAttribute('aria-label')) ?? '';
    if (!/tasks\.json.*runs when the folder is opened/.test(label)) {
      throw new Error(label);
    }
    await page.evaluate(axe);
    const violations = await tree.pane.locator('.pane-body').evaluate(async (body) => {
      // @ts-expect-error: axe is there since the line above
      const found = await globalThis.axe.run(body);
      return found.violations.map((/** @type {any} */ { id: rule, nodes }) => ({
        rule,
        html: nodes.map((/** @type {any} */ node) => node.html.slice(0, 200)),
      }));
    });
    // What VS Code's own trees have is not this view's; and a row's name has a comma where the eye sees a gap.
    const known = [
      'aria-required-children',
      'aria-required-parent',
      'nested-interactive',
      'aria-allowed-attr',
      'label-content-name-mismatch',
      'tabindex',
    ];
    const own = violations.filter((/** @type {any} */ { rule }) => !known.includes(rule));
    if (own.length > 0) {
      throw new Error(JSON.stringify(own));
    }
  });

  await results.test('a click opens the diff of what was looked at, whatever the guest has now', async () => {
    await sh("sed -i '3s/.*/swapped after the look/' notes.txt");
    const sides = page.locator('.monaco-diff-editor');
    const original3 = sides.locator('.editor.original .view-lines').getByText('line 3', { exact: true });
    await tree.click('notes.txt', original3);
    await sides.locator('.editor.modified .view-lines').getByText('line 3, in the VM').waitFor();
    await results.picture('review-diff');
    await tree.click(TASKS, sides.locator('.editor.modified .view-lines').getByText('touch /tmp/owned'));
    await sh("sed -i '3s/.*/line 3, in the VM/' notes.txt");
    await window.runCommand('Bulkhead: Refresh Review');
    await eventually(
      'the diffs of the old look are closed',
      async () => (await page.locator('.editor-group-container .tab').count()) === 0,
      LOOK_MS,
    );
  });

  const before = { notes: await sum('notes.txt'), both: await sum('both.txt'), gone: await sum('gone.txt') };

  await results.test(
    'only what is ticked comes back: one part of a file, no attack, no conflict',
    async () => {
      await tree.expand('notes.txt');
      await tree.row('+line 27, in the VM').waitFor({ timeout: LOOK_MS });
      await tree.tick('+line 27, in the VM', false);
      await tree.says('notes.txt', /1 of 2 parts/);
      const button = await apply(3);
      await window.dialog().filter({ hasText: 'gone.txt' }).waitFor();
      await results.picture('review-apply');
      await window.pressInDialog(button);
      await window.toast('3 changes were brought back').waitFor({ timeout: LOOK_MS });
      await hasText('notes.txt', LINES.join('').replace('line 3\n', 'line 3, in the VM\n'));
      await hasText('src/new.txt', 'new');
      if (existsSync(here('gone.txt')) || existsSync(here('.vscode')) || existsSync(here('innocent.txt'))) {
        throw new Error('something was written or left that should not be');
      }
      if ((await sum('both.txt')) !== before.both) {
        throw new Error('the conflicting file was overwritten');
      }
    },
  );

  await results.test('the dangerous one comes after its own tick and a question that names it', async () => {
    // The look after the apply: what is dangerous is asked again by it.
    await tree.row('gone.txt').waitFor({ state: 'detached', timeout: LOOK_MS });
    await tree.isTicked('notes.txt', false);
    await tree.tick(TASKS, true);
    const button = await apply(1);
    await window
      .dialog()
      .filter({ hasText: `${TASKS}: runs when the folder is opened` })
      .waitFor();
    await results.picture('review-dangerous');
    await window.pressInDialog('Cancel');
    if (existsSync(here(TASKS))) {
      throw new Error('Cancel has written it');
    }
    await apply(1);
    await window.pressInDialog(button);
    await window.toast('1 change was brought back').waitFor({ timeout: LOOK_MS });
    await hasText(TASKS, ATTACK);
  });

  await results.test('Undo puts the bytes back, also after a reload', async () => {
    await window.pressInToast('1 change was brought back', 'Undo');
    await window.toast('1 change was undone').waitFor({ timeout: LOOK_MS });
    if (existsSync(here(TASKS))) {
      throw new Error('it is still there');
    }
    await window.reload();
    await window.statusSays('running', BRING_UP_MS);
    await window.runCommand('Bulkhead: Undo Bringing Back…');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: '3 changes' }).first().click();
    await window.toast('3 changes were undone').waitFor({ timeout: LOOK_MS });
    if ((await sum('notes.txt')) !== before.notes || (await sum('gone.txt')) !== before.gone) {
      throw new Error('other bytes than before');
    }
    if (existsSync(here('src/new.txt'))) {
      throw new Error('the added file is still there');
    }
  });

  await results.test('a conflict opens three-way; the saved merge is what comes back', async () => {
    await window.runCommand('Bulkhead: Bring Changes Back…');
    await tree.row('both.txt').waitFor({ timeout: LOOK_MS });
    const question = page.locator('.quick-input-widget').getByText('was changed on both sides');
    await tree.until('a tick of the conflict asks', () => tree.box('both.txt'), {
      isDone: () => question.isVisible(),
    });
    await results.picture('review-conflict');
    await window.pick('Merge by Hand');
    const merge = page.locator('.merge-editor');
    await merge.waitFor({ timeout: LOOK_MS });
    await merge.getByText('FIRST in the VM').first().waitFor();
    await merge.getByText('FIFTH here').first().waitFor();
    await results.picture('review-merge');
    // What merges by itself is merged already; a save decides.
    await page.keyboard.press('Control+s');
    await tree.says('both.txt', /^takes your merge/);
    await tree.tick('Changes', false);
    const button = await apply(1);
    await window.dialog().filter({ hasText: 'both.txt: your merge' }).waitFor();
    await window.pressInDialog(button);
    await window.toast('1 change was brought back').waitFor({ timeout: LOOK_MS });
    await hasText('both.txt', 'FIRST in the VM\nsecond\nthird\nfourth\nFIFTH here\n');
  });

  await results.test('commits come as a branch of their own, and no file changes', async () => {
    await tree.row('Commits').waitFor({ timeout: LOOK_MS });
    const notes = await sum('notes.txt');
    await tree.press('Commits', 'Fetch Commits');
    await window.toast(`git merge bulkhead/${id}/main`).waitFor({ timeout: LOOK_MS });
    await results.picture('review-commits');
    const subject = execFileSync('git', ['-C', folder, 'log', '-1', '--format=%s', `bulkhead/${id}/main`], {
      encoding: 'utf8',
    });
    if (subject.trim() !== 'Done in the VM') {
      throw new Error(subject);
    }
    if ((await sum('notes.txt')) !== notes || lstatSync(here('notes.txt')).isSymbolicLink()) {
      throw new Error('a file changed');
    }
  });

  await results.test('removing the machine leads to the review while files differ', async () => {
    await window.runCommand('Bulkhead: Remove');
    await window.dialog().filter({ hasText: 'notes.txt' }).waitFor({ timeout: LOOK_MS });
    await window.pressInDialog('Bring Changes Back…');
    await tree.row('notes.txt').waitFor({ timeout: LOOK_MS });
    if ((await cli.state(id)) !== 'running') {
      throw new Error('the machine was removed');
    }
  });
}
