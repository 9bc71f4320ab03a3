import { binarySize } from '../../src/core/figures';
import type {
  Frame,
  MachineHead,
  PageAction,
  Processes,
  Space,
  ToPage,
  Watch,
} from '../../src/views/resources/resourceMessages';
import { type ChartSpec, cpuChart, diskChart, memoryChart, networkChart } from './chartSpecs';
import { element, setText } from './dom';
import { ProcessTable } from './processTable';
import { sourceMark } from './sourceMark';
import { SpaceList } from './spaceList';
import { StateBanner } from './stateBanner';
import { t } from './texts';
import { onThemeChange } from './theme';
import { type Reading, TimeChart } from './timeChart';

/** Samples without the guest's word before that is said: one can be late. */
const SILENT_FRAMES = 3;

/** The whole page, made when the first message has brought the texts. */
export class Page {
  private readonly name = element('h1', { class: 'name' });
  private readonly about = element('p', { class: 'about' });
  private readonly readTime = element('p', { class: 'read-time', attributes: { 'aria-hidden': 'true' } });
  private readonly banner: StateBanner;
  private readonly grid = element('div', { class: 'grid' });
  private readonly processTable: ProcessTable;
  private readonly spaceList: SpaceList;
  private readonly legend: HTMLElement;
  private charts: TimeChart[] = [];
  private chartedCpus = -1;
  private machine: MachineHead | undefined;
  private watch: Watch = { kind: 'loading' };
  private frames: Frame[] = [];
  private processes: Processes | undefined;
  private space: Space | undefined;
  private windowMs = 0;
  private readonly reading: Reading = {
    at: undefined,
    move: (at) => {
      if (at !== this.reading.at) {
        this.reading.at = at;
        this.showReading();
      }
    },
  };

  constructor(place: HTMLElement, ask: (action: PageAction) => void) {
    this.banner = new StateBanner(ask);
    this.processTable = new ProcessTable();
    this.spaceList = new SpaceList();
    this.legend = element(
      'p',
      { class: 'legend' },
      element('span', {}, sourceMark('host'), element('span', { text: ` ${t('hostLegend')}` })),
      element('span', {}, sourceMark('guest'), element('span', { text: ` ${t('guestLegend')}` })),
    );
    place.replaceChildren(
      element('header', { class: 'machine' }, this.name, this.about, this.legend),
      this.banner.element,
      this.readTime,
      this.grid,
    );
    onThemeChange(() => {
      for (const chart of this.charts) {
        chart.restyle();
      }
    });
  }

  take(message: ToPage): void {
    switch (message.type) {
      case 'show':
        this.machine = message.machine;
        this.watch = message.watch;
        this.frames = message.frames;
        this.processes = message.processes;
        this.space = message.space;
        this.windowMs = message.windowMs;
        this.reading.at = undefined;
        this.showAll();
        break;
      case 'watch':
        this.machine = message.machine;
        this.watch = message.watch;
        this.showAll();
        break;
      case 'frame':
        this.add(message.frame);
        this.processes = message.processes ?? this.processes;
        this.showFrames(false);
        break;
      case 'space':
        this.space = message.space;
        this.showSpace();
        break;
    }
  }

  private add(frame: Frame): void {
    const oldest = frame.at - this.windowMs;
    this.frames = this.frames.filter(({ at }) => at >= oldest && at < frame.at);
    this.frames.push(frame);
    if (this.reading.at !== undefined && this.reading.at < oldest) {
      this.reading.at = oldest;
    }
  }

  private showAll(): void {
    const { machine, watch } = this;
    setText(this.name, machine?.name ?? t('resources'));
    const about = machine && [
      t(`state.${machine.state}`),
      t('cpuCount', machine.cpus),
      binarySize(machine.memory),
      machine.accelerator,
      t('networkMode', machine.networkMode),
    ];
    setText(this.about, about?.join(' · ') ?? '');
    this.grid.hidden = watch.kind === 'none' || !machine;
    this.legend.hidden = this.grid.hidden;
    this.showFrames(true);
  }

  private showFrames(now: boolean): void {
    const last = this.frames.at(-1);
    const silent = this.frames.slice(-SILENT_FRAMES);
    const guestAnswers = silent.length < SILENT_FRAMES || silent.some(({ guest }) => guest);
    this.banner.show(this.machine, this.watch, last?.at, guestAnswers);
    if (this.grid.hidden) {
      return;
    }
    this.makeCharts(last);
    for (const chart of this.charts) {
      chart.element.hidden = !last;
      chart.show(this.frames, now);
    }
    this.processTable.element.hidden = !last;
    this.processTable.show(this.processes);
    this.showReadTime();
    this.showSpace();
  }

  /** One line for each CPU: another number of them makes the charts anew. */
  private makeCharts(last: Frame | undefined): void {
    const cpus = last?.host.cpus.length ?? this.machine?.cpus ?? 0;
    if (cpus === this.chartedCpus || !last) {
      return;
    }
    this.chartedCpus = cpus;
    const chart = (spec: ChartSpec) => new TimeChart(spec, this.windowMs, this.reading);
    this.charts = [cpuChart(cpus), memoryChart(), diskChart(), networkChart()].map(chart);
    this.grid.replaceChildren(
      ...this.charts.map((made) => made.element),
      this.spaceList.element,
      this.processTable.element,
    );
  }

  private showSpace(): void {
    const rests = this.watch.kind === 'resting';
    this.spaceList.show(rests ? undefined : this.frames.at(-1), this.space);
  }

  private showReading(): void {
    for (const chart of this.charts) {
      chart.showReading();
    }
    this.showReadTime();
  }

  /** Says that the tables show a moment of the past. */
  private showReadTime(): void {
    const { at } = this.reading;
    const last = this.frames.at(-1);
    this.readTime.hidden = at === undefined || !last;
    if (at !== undefined && last) {
      setText(this.readTime, t('secondsAgo', Math.max(0, Math.round((last.at - at) / 1000))));
    }
  }
}
