import { binarySize, formatPercent } from '../core/figures';
import { forLabel } from '../core/plainText';
import type { HostSample } from '../machine/hypervisor';
import type { L10n } from './row';

export interface GlanceText {
  /** For a status-bar item. */
  text: string;
  /** Plain text. */
  tooltip: string;
  /** For screen readers, which do not read codicons. */
  label: string;
}

/** The mean CPU and the last memory of some samples, in the few characters that a status bar has. Undefined without samples. */
export function glanceText(name: string, samples: readonly HostSample[], l10n: L10n): GlanceText | undefined {
  const last = samples.at(-1);
  if (!last) {
    return undefined;
  }
  const cpu = formatPercent(samples.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0) / samples.length);
  const memory = binarySize(last.memoryBytes);
  const limit = binarySize(last.memoryLimitBytes);
  return {
    text: `$(pulse) ${cpu} · ${memory}`,
    tooltip: [
      l10n.t('{0}: CPU {1} of {2}%', forLabel(name), cpu, last.vcpuPercent.length * 100),
      l10n.t('Memory: {0} of at most {1}', memory, limit),
      l10n.t('Measured by the host. What the guest says of itself is in the Resources view.'),
    ].join('\n'),
    label: l10n.t('{0} uses {1} CPU and {2} of memory', forLabel(name), cpu, memory),
  };
}
