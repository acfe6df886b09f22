import chalk, { Chalk, chalkStderr } from "chalk";
import { MultiBar, type SingleBar } from "cli-progress";
import ora from "ora";
import { formatElapsed } from "../../base/sizes.ts";
import type { JobStatus } from "../../api/status-types.ts";
import type { JobEvent, JobScreen } from "../events.ts";
import type { Output } from "../output.ts";
import { endText, errorText } from "./plain-screen.ts";
import { printable } from "../../base/printable.ts";
import { statusLines } from "../text/status-text.ts";
import { ProgressMeter, workerObject, type Progress } from "./progress.ts";

const WORKER_FORMAT = "  {label} [{bar}] {percentage}% {object}";
const TOTAL_FORMAT = "  {label} [{bar}] {percentage}% {speed}";

/** Of a bar without its own: the label, brackets, and the percentage. */
const LABEL_WIDTH = 17;
/** `1,234,567 rows/s, 0 00:00:10 left` */
const SPEED_WIDTH = 34;

/**
 * Lines as on a plain screen, and a live area on standard error below them: one bar for the job, one for each worker.
 * Before a line is written the live area is taken away, and drawn again after it, so that the two never mix.
 */
export class LiveScreen implements JobScreen {
  readonly #output: Output;
  readonly #stream: NodeJS.WriteStream;
  readonly #chalk = new Chalk({ level: usesColor() ? chalkStderr.level : 0 });
  readonly #logChalk = new Chalk({ level: usesColor() ? chalk.level : 0 });
  readonly #meter = new ProgressMeter();
  #spinner: ReturnType<typeof ora> | undefined;
  #area: LiveArea | undefined;

  constructor(output: Output, stream: NodeJS.WriteStream) {
    this.#output = output;
    this.#stream = stream;
  }

  heading(lines: readonly string[]): void {
    this.#above(() => {
      this.#output.out(...lines.map(printable));
    });
  }

  wait(text: string): void {
    this.#spinner?.stop();
    const color = usesColor() ? "cyan" : false;
    this.#spinner = ora({ text, stream: this.#stream, discardStdin: false, hideCursor: false, color }).start();
  }

  show(event: JobEvent): void {
    switch (event.event) {
      case "log":
        this.heading([event.text]);
        break;
      case "error":
        this.#above(() => {
          if (event.inJob) this.#output.out(...errorText(event).map((line) => this.#logChalk.red(line)));
          else this.#output.err(...errorText(event).map((line) => this.#chalk.red(line)));
        });
        break;
      case "status":
        this.#showStatus(event.status);
        break;
      case "report":
        this.heading(statusLines(null, event.status));
        break;
      case "end":
        this.close();
        this.#output.err(...endText(event));
        break;
    }
  }

  close(): void {
    this.#spinner?.stop();
    this.#spinner = undefined;
    this.#area?.remove();
    this.#area = undefined;
  }

  #showStatus(status: JobStatus): void {
    if (status.state !== "EXECUTING") return;
    this.#spinner?.stop();
    this.#spinner = undefined;
    this.#area ??= new LiveArea(this.#stream);
    this.#area.update(status, this.#meter.measure(status, performance.now()));
  }

  #above(write: () => void): void {
    this.#spinner?.stop();
    this.#spinner = undefined;
    if (this.#area === undefined) write();
    else this.#area.above(write);
  }
}

class LiveArea {
  readonly #bars: MultiBar;
  readonly #total: SingleBar;
  readonly #workers = new Map<number, SingleBar>();
  readonly #width: number;
  #write: (() => void) | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#width = Math.max(20, stream.columns || 80);
    this.#bars = new MultiBar({
      stream,
      clearOnComplete: true,
      forceRedraw: true,
      linewrap: true,
      barsize: this.#barSize,
      barCompleteChar: "#",
      barIncompleteChar: "-",
      fps: 8,
      emptyOnZero: true,
      autopadding: true,
    });
    // The cursor stands at the top of the live area here.
    this.#bars.on("redraw-pre", () => {
      const write = this.#write;
      this.#write = undefined;
      if (write === undefined) return;
      stream.write("\u001b[0J");
      write();
    });
    this.#total = this.#bars.create(100, 0, { label: "total", speed: "" }, { format: TOTAL_FORMAT });
  }

  update(status: JobStatus, progress: Progress): void {
    this.#total.update(progress.percent, { speed: speedText(progress) });
    const idle = new Set(this.#workers.keys());
    for (const worker of status.workerStatusList) {
      idle.delete(worker.workerNumber);
      this.#workerBar(worker.workerNumber).update(worker.percentDone, { object: this.#fit(workerObject(worker)) });
    }
    for (const number of idle) this.#workerBar(number).update(0, { object: "" });
  }

  /** Writes above the live area, at once. */
  above(write: () => void): void {
    this.#write = write;
    this.#bars.update();
  }

  remove(): void {
    this.#bars.stop();
  }

  #workerBar(number: number): SingleBar {
    const known = this.#workers.get(number);
    if (known !== undefined) return known;
    const bar = this.#bars.create(100, 0, { label: `W-${number}`.padEnd(5), object: "" }, { format: WORKER_FORMAT });
    this.#workers.set(number, bar);
    return bar;
  }

  /** The bar is the first to give way, then what stands behind the percentage. */
  get #barSize(): number {
    return Math.min(30, Math.max(4, this.#width - LABEL_WIDTH - SPEED_WIDTH));
  }

  #fit(text: string): string {
    const room = Math.max(8, this.#width - LABEL_WIDTH - this.#barSize - 1);
    const shown = printable(text);
    return shown.length > room ? `${shown.slice(0, room - 3)}...` : shown;
  }
}

function speedText({ rowsPerSecond, secondsLeft }: Progress): string {
  const left = secondsLeft === undefined ? "" : `, ${formatElapsed(secondsLeft)} left`;
  return `${rowsPerSecond.toLocaleString("en-US")} rows/s${left}`;
}

/** NO_COLOR, set to anything, turns colours off. */
function usesColor(): boolean {
  return (process.env["NO_COLOR"] ?? "") === "";
}
