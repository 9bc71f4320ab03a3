import { join } from 'node:path';
import { type Measured, output, report } from './measure';

/** What the editor loads at its start, and what the first use of a machine adds. Each in a fresh process. */
export async function benchLoad(rounds: number): Promise<void> {
  const subjects: (Measured & { bundle: string })[] = [
    { name: 'loading the extension', bundle: 'dist/extension.js', times: [] },
    { name: 'loading the services', bundle: 'dist/app.js', times: [] },
  ];
  for (let round = 0; round <= rounds; round++) {
    for (const { bundle, times } of subjects) {
      const ms = Number(
        output(process.execPath, [join('bench', 'loadBundle.cjs'), join(process.cwd(), bundle)]),
      );
      if (round > 0) {
        times.push(ms);
      }
    }
  }
  report('Bundles', subjects, [[0, 1]]);
}
