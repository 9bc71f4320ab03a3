import { binarySize, formatPercent, formatRate } from '../../src/core/figures';
import type { Frame } from '../../src/views/resources/resourceMessages';
import { t } from './texts';

/** A figure of a frame; undefined if that frame does not have it. */
export type Figure = (frame: Frame) => number | undefined;

/** Colours by the name of VS Code's chart colours. */
export type Colour = 'blue' | 'yellow' | 'green' | 'purple' | 'red' | 'foreground';

/** One row of a chart's table, with the lines that stand for it: solid for the host, dashed for the guest. */
export interface Row {
  name: string;
  colour: Colour;
  host?: Figure;
  guest?: Figure;
  /** What is drawn, if that is not what is written. `none`: only a row. */
  drawn?: 'none' | { host?: Figure; guest?: Figure };
  /** Filled down to zero. */
  area?: boolean;
}

export interface ChartSpec {
  id: string;
  title: string;
  /** What the figures mean, in a sentence. */
  help: string;
  format: (value: number) => string;
  rows: Row[];
  /** Upper end of the scale. */
  top: (frames: readonly Frame[], largest: number) => number;
  /** The figure beside the title. */
  headline: (frame: Frame) => { source: 'host' | 'guest'; value: number } | undefined;
}

/** Without `charts.orange`: the default dark theme's is a brown that can't be seen on its background. */
const CPU_COLOURS: Colour[] = ['blue', 'yellow', 'green', 'purple', 'red', 'foreground'];
/** With more lines than this no chart can be read; the guest's are then left to the table. */
const MAX_PAIRS = 6;

/** @param cpus how many virtual CPUs there are */
export function cpuChart(cpus: number): ChartSpec {
  return {
    id: 'cpu',
    title: t('cpu'),
    help: t('cpuHelp', cpus * 100),
    format: formatPercent,
    rows: [
      {
        name: t('cpuTotal'),
        colour: 'foreground',
        drawn: 'none',
        host: ({ host }) => host.cpu,
        guest: ({ guest }) => guest?.cpus.reduce((sum, percent) => sum + percent, 0),
      },
      ...Array.from({ length: cpus }, (_, index): Row => {
        const host: Figure = (frame) => frame.host.cpus[index];
        return {
          name: t('cpuNumber', index),
          colour: CPU_COLOURS[index % CPU_COLOURS.length] ?? 'blue',
          host,
          guest: ({ guest }) => guest?.cpus[index],
          ...(cpus > MAX_PAIRS && { drawn: { host } }),
        };
      }),
    ],
    top: () => 100,
    headline: ({ host }) => ({ source: 'host', value: host.cpu }),
  };
}

export function memoryChart(): ChartSpec {
  return {
    id: 'memory',
    title: t('memory'),
    help: t('memoryHelp'),
    format: binarySize,
    rows: [
      { name: t('memoryPaid'), colour: 'yellow', host: ({ host }) => host.memory },
      {
        name: t('memoryLimit'),
        colour: 'foreground',
        host: ({ host }) => host.memoryLimit,
        guest: ({ guest }) => guest?.total,
        drawn: { host: ({ host }) => host.memoryLimit },
      },
      {
        name: t('memoryCached'),
        colour: 'purple',
        guest: ({ guest }) => guest?.cached,
        drawn: { guest: ({ guest }) => guest && guest.used + guest.cached },
        area: true,
      },
      { name: t('memoryUsed'), colour: 'blue', guest: ({ guest }) => guest?.used, area: true },
    ],
    top: (_, largest) => largest,
    headline: ({ host }) => ({ source: 'host', value: host.memory }),
  };
}

export function diskChart(): ChartSpec {
  return {
    id: 'disk',
    title: t('diskRate'),
    help: t('diskHelp'),
    format: formatRate,
    rows: [
      { name: t('read'), colour: 'blue', host: ({ host }) => host.read, guest: ({ guest }) => guest?.read },
      {
        name: t('written'),
        colour: 'yellow',
        host: ({ host }) => host.write,
        guest: ({ guest }) => guest?.write,
      },
    ],
    top: (_, largest) => roundRate(largest),
    headline: ({ host }) => ({ source: 'host', value: host.read + host.write }),
  };
}

export function networkChart(): ChartSpec {
  return {
    id: 'network',
    title: t('network'),
    help: t('networkHelp'),
    format: formatRate,
    rows: [
      {
        name: t('received'),
        colour: 'green',
        host: ({ host }) => host.received,
        guest: ({ guest }) => guest?.received,
      },
      { name: t('sent'), colour: 'purple', host: ({ host }) => host.sent, guest: ({ guest }) => guest?.sent },
    ],
    top: (_, largest) => roundRate(largest),
    headline: ({ host, guest }) =>
      host.received !== undefined
        ? { source: 'host', value: host.received + (host.sent ?? 0) }
        : guest && { source: 'guest', value: guest.received + guest.sent },
  };
}

/** The next 1, 2 or 5 times a power of ten, of the unit that it is written in; at least 1 KB. */
export function roundRate(largest: number): number {
  const unit = 1024 ** Math.max(1, Math.floor(Math.log(Math.max(largest, 1)) / Math.log(1024)));
  const value = Math.max(1, largest / unit);
  const power = 10 ** Math.floor(Math.log10(value));
  return unit * power * (STEPS.find((step) => step * power >= value) ?? 10);
}

const STEPS = [1, 2, 5];
