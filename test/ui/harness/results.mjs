// Runs tests in order and prints a line for each; a journey's later tests stand on its earlier ones.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export class Results {
  passed = 0;
  failed = 0;
  /** @type {string[]} name and first line of what went wrong */
  failures = [];
  /** @type {((path: string) => Promise<unknown>) | undefined} Takes a screenshot of what is on the screen. */
  screenshot;

  /** @param {string} folder where screenshots go */
  constructor(folder) {
    this.folder = folder;
  }

  /**
   * @param {string} name
   * @param {() => Promise<unknown>} run
   * @returns {Promise<boolean>}
   */
  async test(name, run) {
    const started = Date.now();
    try {
      await run();
      this.passed++;
      console.log(`ok ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
      return true;
    } catch (error) {
      this.fail(name, error instanceof Error ? (error.stack ?? error.message) : String(error));
      await this.picture(`failed-${name}`);
      return false;
    }
  }

  counts() {
    return { passed: this.passed, failed: this.failed };
  }

  /** Forgets what was counted since. @param {{ passed: number, failed: number }} counts */
  restore({ passed, failed }) {
    this.passed = passed;
    this.failed = failed;
    this.failures.length = failed;
  }

  /** Counts a test that ran elsewhere. @param {string} name @param {string} [failure] */
  add(name, failure) {
    if (failure === undefined) {
      this.passed++;
      console.log(`ok ${name}`);
    } else {
      this.fail(name, failure);
    }
  }

  /** @param {string} name @param {string} failure */
  fail(name, failure) {
    this.failed++;
    this.failures.push(`${name}: ${failure.split('\n', 1)[0]}`);
    console.log(`not ok ${name}`);
    console.log(indent(failure));
  }

  /** Keeps a picture of the window. @param {string} name */
  async picture(name) {
    if (!this.screenshot) {
      return;
    }
    await mkdir(this.folder, { recursive: true });
    const file = join(
      this.folder,
      `${name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, 80)}.png`,
    );
    // A picture is for people; a test never fails for the lack of one.
    await this.screenshot(file).catch((error) => console.log(`  no picture ${file}: ${error.message}`));
  }
}

/** @param {string} text */
function indent(text) {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
