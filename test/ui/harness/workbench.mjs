// A VS Code window as a person sees it. Every wait has Playwright's own deadline unless it says otherwise.
import { eventually } from './eventually.mjs';

/** VS Code gives a status-bar item's element the id `<publisher>.<name>.<item id>`. */
const STATUS_ITEM = '[id="bulkhead.bulkhead.machine"]';

export class Workbench {
  /** @param {import('playwright-core').Page} page @param {string} url of the server */
  constructor(page, url) {
    this.page = page;
    this.url = url;
  }

  /** Opens a host folder, a `bulkhead://` URI, or nothing. @param {string} [folder] */
  async open(folder) {
    const query = folder === undefined ? 'ew=true' : `folder=${encodeURIComponent(folder)}`;
    await this.page.goto(`${this.url}/?${query}`);
    await this.ready();
  }

  async reload() {
    await this.page.reload();
    await this.ready();
  }

  async ready() {
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor();
  }

  /** What the window shows: the `folder` of its address. */
  folder() {
    return new URL(this.page.url()).searchParams.get('folder') ?? '';
  }

  /** Runs a command of the palette by its label. @param {string} label */
  async runCommand(label) {
    const input = this.page.locator('.quick-input-widget input.input');
    await eventually(`the palette lists "${label}"`, async () => {
      await this.page.keyboard.press('Escape');
      await this.page.keyboard.press('F1');
      await input.waitFor({ timeout: 3000 });
      // A palette that closes again under a busy machine is opened anew.
      await input.fill(`>${label}`, { timeout: 3000 });
      await this.quickPickRow(label).click({ timeout: 3000 });
      return true;
    });
  }

  /** @param {string} label */
  quickPickRow(label) {
    return this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.locator('.label-name', { hasText: new RegExp(`${literal(label)}$`) }) })
      .first();
  }

  /** Runs a task of tasks.json, as soon as VS Code has read it. @param {string} label */
  async runTask(label) {
    await eventually(`the task "${label}" is offered`, async () => {
      await this.runCommand('Tasks: Run Task');
      await this.quickPickRow(label).click({ timeout: 2000 });
      return true;
    });
  }

  async hidePanel() {
    const panel = this.page.locator('.part.panel');
    if (await panel.isVisible()) {
      await this.page.keyboard.press('Control+j');
      await panel.waitFor({ state: 'hidden' });
    }
  }

  /** Picks a row of an open quick pick. @param {string} label */
  async pick(label) {
    await this.quickPickRow(label).click();
  }

  /** A notification with this text. @param {string | RegExp} text */
  toast(text) {
    return this.page
      .locator('.notifications-toasts .notification-list-item')
      .filter({ has: this.page.locator('.notification-list-item-message', { hasText: text }) })
      .first();
  }

  /** Presses a notification's button. @param {string | RegExp} text @param {string} button */
  async pressInToast(text, button) {
    // VS Code hides notifications that come faster than a person reads (three in 800 ms).
    await this.page.waitForTimeout(1000);
    await this.toast(text).locator('.monaco-button', { hasText: button }).click();
  }

  /** The modal dialog. */
  dialog() {
    return this.page.locator('.monaco-dialog-box');
  }

  /** @param {string} button */
  async pressInDialog(button) {
    await this.dialog()
      .locator('.monaco-button', { hasText: new RegExp(`^${literal(button)}$`) })
      .click();
  }

  /** The machine's item in the status bar. */
  status() {
    return this.page.locator(STATUS_ITEM);
  }

  /** @param {string} state @param {number} [ms] */
  async statusSays(state, ms = 60_000) {
    await this.status().filter({ hasText: state }).waitFor({ timeout: ms });
  }

  /** A row of the explorer. @param {string} name */
  file(name) {
    return this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label="${name}"]`);
  }

  /** @param {string} name */
  async openFile(name) {
    await this.file(name).dblclick();
    await this.tab(name).waitFor();
    await this.editor().waitFor();
  }

  /** @param {string} name */
  tab(name) {
    return this.page.locator(`.tab[data-resource-name="${name}"]`);
  }

  editor() {
    return this.page.locator('.editor-instance .view-lines').first();
  }

  /** The editor's text, as far as it is on the screen. */
  async editorText() {
    return (await this.editor().locator('.view-line').allTextContents()).join('\n').replaceAll('\u00a0', ' ');
  }

  /** Types at the end of the open file and saves it. @param {string} name @param {string} text */
  async appendAndSave(name, text) {
    await this.editor().click();
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.type(text);
    await this.page.locator(`.tab.dirty[data-resource-name="${name}"]`).waitFor();
    await this.page.keyboard.press('Control+s');
    await this.page.locator(`.tab.dirty[data-resource-name="${name}"]`).waitFor({ state: 'detached' });
  }

  /** The text of the terminal in front. */
  async terminalText() {
    const rows = this.page.locator('.terminal-wrapper.active .xterm-rows > div');
    return (await rows.allTextContents()).join('\n').replaceAll('\u00a0', ' ');
  }

  /** @param {string | RegExp} text @param {number} [ms] */
  async terminalSays(text, ms = 60_000) {
    return eventually(
      `the terminal shows ${text}`,
      async () => {
        const shown = await this.terminalText();
        return typeof text === 'string' ? shown.includes(text) : text.test(shown);
      },
      ms,
    );
  }

  /** @param {string} line */
  async typeInTerminal(line) {
    await this.page.locator('.terminal-wrapper.active .xterm-helper-textarea').focus();
    await this.page.keyboard.type(line);
    await this.page.keyboard.press('Enter');
  }

  /** @param {string} path */
  screenshot(path) {
    return this.page.screenshot({ path });
  }
}

/** @param {string} text */
function literal(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
