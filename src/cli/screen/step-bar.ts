/** Shows how far one step of a command is. */
export interface StepBar {
  readonly update: (done: number, total: number) => void;
  readonly close: () => void;
}

/** A bar on standard error when that is a terminal; else nothing is shown. */
export async function openStepBar(label: string): Promise<StepBar> {
  if (!process.stderr.isTTY || process.env["TERM"] === "dumb") return { update: () => undefined, close: () => undefined };
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format: `  ${label} [{bar}] {percentage}%`,
    stream: process.stderr,
    barCompleteChar: "#",
    barIncompleteChar: "-",
    barsize: 30,
    clearOnComplete: true,
    hideCursor: false,
    fps: 8,
  });
  let isStarted = false;
  return {
    update: (done, total) => {
      if (!isStarted) bar.start(total, done);
      isStarted = true;
      bar.update(done);
    },
    close: () => {
      bar.stop();
    },
  };
}
