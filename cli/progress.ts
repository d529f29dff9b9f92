/** A progress bar for terminals: one line that is drawn again and again, and is gone in the end. */

const WIDTH = 24;

export class ProgressBar {
  readonly #write: (text: string) => void;
  readonly #columns: number;
  readonly #started = performance.now();
  #done = 0;
  #total = 0;
  #activity = "";

  /** @param columns - Width of the terminal. */
  constructor(write: (text: string) => void, columns: number) {
    this.#write = write;
    this.#columns = columns;
  }

  /** Steps done and to do. */
  steps(done: number, total: number): void {
    this.#done = done;
    this.#total = total;
    this.#draw();
  }

  activity(text: string): void {
    this.#activity = text;
    this.#draw();
  }

  /** Removes the bar, so that other output can be written. */
  clear(): void {
    this.#write("\r\x1b[K");
  }

  #draw(): void {
    const share = this.#total === 0 ? 0 : this.#done / this.#total;
    const full = Math.round(share * WIDTH);
    const elapsed = (performance.now() - this.#started) / 1000;
    const left = this.#done > 0 ? ` ${Math.ceil((elapsed / this.#done) * (this.#total - this.#done))} s left` : "";
    const bar = `[${"=".repeat(full)}${" ".repeat(WIDTH - full)}] ${this.#done}/${this.#total}${left} ${this.#activity}`;
    this.#write(`\r\x1b[K${bar.slice(0, Math.max(this.#columns - 1, 0))}`);
  }
}
