// A tree of the side bar, as a person uses it: rows, their inline buttons and their context menu.
import { eventually } from './eventually.mjs';

export class TreeView {
  /** @param {import('playwright-core').Page} page @param {string} title the view's, as in its header */
  constructor(page, title) {
    this.page = page;
    this.pane = page
      .locator('.pane')
      .filter({ has: page.locator(`.pane-header[aria-label^="${title}"]`) })
      .first();
  }

  /** The welcome text of an empty tree. */
  welcome() {
    return this.pane.locator('.welcome-view-content');
  }

  rows() {
    return this.pane.locator('.monaco-list-row');
  }

  /** The row with exactly this label. @param {string} label */
  row(label) {
    return this.rows()
      .filter({
        has: this.page.locator('.monaco-icon-name-container .label-name', {
          hasText: new RegExp(`^${literal(label)}$`),
        }),
      })
      .first();
  }

  /** What stands behind a row's label. @param {string} label */
  async description(label) {
    return (await this.row(label).locator('.label-description').textContent()) ?? '';
  }

  /** Waits until a row's description matches. @param {string} label @param {RegExp} text @param {number} [ms] */
  async says(label, text, ms = 30_000) {
    return eventually(
      `${label} says ${text}`,
      async () => {
        const description = await this.row(label)
          .locator('.label-description')
          .textContent({ timeout: 1_000 });
        return text.test(description ?? '') ? description : undefined;
      },
      ms,
    );
  }

  /** A row's check box. @param {string} label */
  box(label) {
    return this.row(label).locator('.custom-view-tree-node-item-checkbox');
  }

  /** Waits until a row's box is ticked, or not. @param {string} label @param {boolean} wanted @param {number} [ms] */
  async isTicked(label, wanted, ms) {
    return eventually(
      `${label} is ${wanted ? '' : 'not '}ticked`,
      async () => (await this.box(label).getAttribute('aria-checked', { timeout: 2_000 })) === String(wanted),
      ms,
    );
  }

  /** Ticks a row's box, or unticks it. @param {string} label @param {boolean} wanted */
  async tick(label, wanted) {
    await this.until(`${label} is ${wanted ? '' : 'not '}ticked`, () => this.box(label), {
      isDone: async () => (await this.box(label).getAttribute('aria-checked')) === String(wanted),
    });
  }

  /**
   * Clicks until there is an effect: VS Code knows no row of a tree while it reads the tree anew, and a click then falls into
   * the void. A person sees that nothing happened, and clicks again.
   * @param {string} what completes "waited for:"
   * @param {() => import('playwright-core').Locator} target
   * @param {{ isDone: () => Promise<boolean> }} effect
   */
  async until(what, target, { isDone }) {
    await eventually(what, async () => {
      if (await isDone()) {
        return true;
      }
      await target().click({ timeout: 3_000 });
      await eventually('the effect', isDone, 4_000);
      return true;
    });
  }

  /** Clicks a row until something is to be seen. @param {string} label @param {import('playwright-core').Locator} sight */
  async click(label, sight) {
    await this.until(`a click on ${label} shows something`, () => this.row(label), {
      isDone: () => sight.first().isVisible(),
    });
  }

  /** Opens a row that is collapsed. @param {string} label */
  async expand(label) {
    await eventually(`${label} is expanded`, async () => {
      const row = this.row(label);
      if ((await row.getAttribute('aria-expanded', { timeout: 1_000 })) !== 'true') {
        await row.locator('.monaco-tl-twistie').click({ timeout: 1_000 });
      }
      return (await row.getAttribute('aria-expanded', { timeout: 1_000 })) === 'true';
    });
  }

  /** Closes a row that is expanded. @param {string} label */
  async collapseRow(label) {
    await eventually(`${label} is collapsed`, async () => {
      const row = this.row(label);
      if ((await row.getAttribute('aria-expanded', { timeout: 1_000 })) === 'true') {
        await row.locator('.monaco-tl-twistie').click({ timeout: 1_000 });
      }
      return (await row.getAttribute('aria-expanded', { timeout: 1_000 })) === 'false';
    });
  }

  /** Makes room for the other views. */
  async collapse() {
    const header = this.pane.locator('.pane-header');
    await eventually('the view is collapsed', async () => {
      if ((await header.getAttribute('aria-expanded')) === 'true') {
        await header.locator('.title').click({ timeout: 1_000 });
      }
      return (await header.getAttribute('aria-expanded')) === 'false';
    });
  }

  /** Presses a row's inline button. @param {string} label @param {string} button */
  async press(label, button) {
    const row = this.row(label);
    await eventually(`${label} has the button ${button}`, async () => {
      await row.hover({ timeout: 2_000 });
      await row.locator(`.actions .action-label[aria-label^="${button}"]`).first().click({ timeout: 2_000 });
      return true;
    });
  }

  /** Picks an entry of a row's context menu. @param {string} label @param {string} entry */
  async menu(label, entry) {
    const item = this.page.locator('.context-view .action-label', {
      hasText: new RegExp(`^${literal(entry)}$`),
    });
    let isFirst = true;
    await eventually(`the menu of ${label} has ${entry}`, async () => {
      if (!isFirst) {
        // Only then: in the tree itself Escape drops the selection.
        await this.page.keyboard.press('Escape');
      }
      isFirst = false;
      await this.row(label).click({ button: 'right', timeout: 2_000 });
      await item.waitFor({ timeout: 2_000 });
      // VS Code's menus pass over a click that comes within 100 ms of their opening.
      await this.page.waitForTimeout(200);
      await item.click({ timeout: 2_000 });
      await item.waitFor({ state: 'detached', timeout: 5_000 });
      return true;
    });
  }
}

/** @param {string} text */
function literal(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
