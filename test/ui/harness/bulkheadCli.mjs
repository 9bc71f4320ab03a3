import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/**
 * The CLI, as a user of the same machines beside the editor: how tests see what really is in a guest.
 * @param {Record<string, string>} env
 */
export function bulkheadCli(env) {
  /**
   * @param {string[]} args
   * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
   */
  const run = (args) =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [CLI, ...args],
        { env: { ...process.env, ...env }, timeout: 900_000, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) =>
          resolve({
            code: error ? (typeof error.code === 'number' ? error.code : 1) : 0,
            stdout,
            stderr,
          }),
      );
    });
  /** @param {string[]} args */
  const must = async (args) => {
    const { code, stdout, stderr } = await run(args);
    if (code !== 0) {
      throw new Error(`bulkhead ${args.join(' ')}: exit code ${code}\n${stderr}`);
    }
    return stdout;
  };
  return {
    run,
    must,
    /** Runs a command in the guest; its stdout. @param {string} id @param {string[]} argv */
    exec: (id, ...argv) => must(['exec', id, '--', ...argv]),
    /** @returns {Promise<{ id: string, state: string, folder: string }[]>} */
    async list() {
      const lines = (await must(['ls', '--json'])).split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line));
    },
    /** @param {string} id */
    async state(id) {
      return (await this.list()).find((machine) => machine.id === id)?.state;
    },
  };
}
