// The second tab: a CSV that is dropped on the page, and what a model says about each of its rows.
import { predictRows } from "./batch.js";
import { BatchResults } from "./batch-results.js";
import { formatAnswers, guessTextColumn, parseTable, type Table, TableError } from "./csv.js";
import { byId, count, element } from "./elements.js";
import { NoticePlace } from "./notice.js";
import type { Model, Server } from "./server.js";

/** Bytes of a file: the table and its answers are held in the browser's memory. */
const mostBytes = 50_000_000;

/** A column of a table and a model, and what the model has said so far. */
interface Run {
  readonly model: Model;
  readonly texts: readonly string[];
  readonly results: BatchResults;
}

export class BatchView {
  readonly #server: Server;
  readonly #failed: (failure: unknown) => void;
  readonly #notice = new NoticePlace();
  readonly #problem = byId("file-problem", HTMLElement);
  readonly #settings = byId("batch-settings", HTMLFormElement);
  readonly #column = byId("column", HTMLSelectElement);
  readonly #model = byId("batch-model", HTMLSelectElement);
  readonly #button = byId("run", HTMLButtonElement);
  readonly #download = byId("download", HTMLButtonElement);
  #models: readonly Model[] = [];
  #file: { readonly name: string; readonly table: Table } | undefined;
  #run: Run | undefined;
  #running: AbortController | undefined;

  constructor(server: Server, failed: (failure: unknown) => void) {
    this.#server = server;
    this.#failed = failed;
    byId("batch-notice", HTMLElement).append(this.#notice.node);
    const input = byId("file", HTMLInputElement);
    input.addEventListener("change", () => {
      const [file] = input.files ?? [];
      if (file !== undefined) this.open(file);
      input.value = ""; // the same file may be chosen again
    });
    this.#settings.addEventListener("change", () => this.#forgetRun());
    this.#settings.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#running === undefined) this.#start();
      else this.#running.abort();
    });
    this.#download.addEventListener("click", () => this.#save());
  }

  setModels(models: readonly Model[]): void {
    this.#models = models;
    this.#model.replaceChildren(...models.map(({ id }) => element("option", {}, id)));
  }

  /** Reads a file that was dropped or chosen. */
  async open(file: File): Promise<void> {
    this.#running?.abort();
    this.#forgetRun();
    this.#problem.hidden = true;
    this.#settings.hidden = true;
    try {
      this.#file = { name: file.name, table: await readTable(file) };
      this.#offer(this.#file);
    } catch (error) {
      this.#problem.textContent = error instanceof Error ? error.message : String(error);
      this.#problem.hidden = false;
    }
  }

  #offer({ name, table }: { readonly name: string; readonly table: Table }): void {
    this.#column.replaceChildren(
      ...table.columns.map((column, i) => element("option", { value: `${i}` }, column || `column ${i + 1}`)),
    );
    this.#column.selectedIndex = guessTextColumn(table);
    byId("file-name", HTMLElement).textContent = `${name}: ${count(table.rows.length, "row")}`;
    this.#settings.hidden = false;
    this.#showButtons();
    this.#button.focus();
  }

  #forgetRun(): void {
    this.#notice.clear();
    this.#run?.results.clear();
    this.#run = undefined;
    this.#showButtons();
  }

  #showButtons(): void {
    const isRunning = this.#running !== undefined;
    const left = this.#run?.results.unanswered.length ?? this.#file?.table.rows.length ?? 0;
    const what = this.#run === undefined ? "Classify" : "Go on with";
    this.#button.textContent = isRunning ? "Stop" : `${what} ${count(left, "text")}`;
    this.#button.hidden = left === 0;
    this.#column.disabled = isRunning;
    this.#model.disabled = isRunning;
    this.#download.hidden = isRunning || this.#run === undefined;
  }

  #newRun(): Run | undefined {
    const model = this.#models[this.#model.selectedIndex];
    if (model === undefined || this.#file === undefined) return undefined;
    const texts = this.#file.table.rows.map((row) => row[this.#column.selectedIndex]!);
    return { model, texts, results: new BatchResults(texts) };
  }

  /** Asks for all rows, or for those that an earlier start has left. */
  async #start(): Promise<void> {
    this.#run ??= this.#newRun();
    if (this.#run === undefined) return;
    const { model, texts, results } = this.#run;
    const running = new AbortController();
    this.#running = running;
    this.#notice.clear();
    this.#showButtons();
    try {
      const predict: Server["predict"] = (question, signal) => this.#server.predict(question, signal);
      await predictRows(predict, model, texts, results.unanswered, results, running.signal);
    } catch (error) {
      if (!running.signal.aborted) this.#stopped(error);
    } finally {
      results.end();
      if (this.#running === running) this.#running = undefined;
      this.#showButtons();
    }
  }

  #stopped(error: unknown): void {
    this.#notice.show(error, () => this.#start());
    this.#failed(error);
  }

  /** Has the browser save the table with what was found. */
  #save(): void {
    if (this.#run === undefined || this.#file === undefined) return;
    const { model, results } = this.#run;
    const csv = formatAnswers(this.#file.table, model.labels, results.answers);
    const href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    const download = `${this.#file.name.replace(/\.[^.]*$/, "")}-predictions.csv`;
    element("a", { href, download }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }
}

/** @throws TableError */
async function readTable(file: File): Promise<Table> {
  if (file.size > mostBytes) {
    throw new TableError(
      `${file.name} has ${Math.round(file.size / 1e6)} MB, and this page reads up to ${mostBytes / 1e6} MB. For larger tables type: tagformer predict ${file.name} --model MODEL`,
    );
  }
  return parseTable(decode(await file.arrayBuffer()));
}

function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new TableError('The file is not UTF-8. Save it as "CSV UTF-8" and drop it again.');
  }
}
