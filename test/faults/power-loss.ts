// A model of power loss: what a process wrote since the last fsync of a file or directory may be on the disk, or not, in any
// combination. The system calls are recorded by strace and replayed into a folder.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Random } from "../../src/base/random.js";

/** A change of the disk, or a barrier that changes wait for. Paths are relative to the recorded folder. */
export type Operation =
  | { readonly kind: "write"; readonly path: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "create" | "mkdir" | "remove"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "sync"; readonly path: string };

/** The changes within `folder` that a recording of `strace -f -y -xx` holds, in order. */
export function readRecording(recording: string, folder: string): Operation[] {
  const positions = new Map<string, number>();
  const operations: Operation[] = [];
  const within = (path: string) => {
    const found = relative(folder, path);
    return found === "" || (!found.startsWith("..") && !found.startsWith("/")) ? found || "." : null;
  };
  for (const line of wholeCalls(recording)) {
    const call = /^(\w+)\((.*)\)\s+= (\d+)/.exec(line);
    if (call === null) continue;
    const [, name, parameters, result] = call as unknown as [string, string, string, string];
    const strings = [...parameters.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => decoded(hex!));
    const open = /^(\d+)<((?:\\x[0-9a-f]{2}|[^>])*)>/.exec(parameters)?.[2];
    const file = open === undefined ? null : within(decoded(open).toString());
    const path = strings[0] === undefined ? null : within(strings[0].toString());
    if (/^(write|pwrite64)$/.test(name) && file !== null) {
      const bytes = strings[0]!.subarray(0, Number(result));
      const at = name === "pwrite64" ? Number(/, (\d+)$/.exec(parameters)![1]) : (positions.get(file) ?? 0);
      positions.set(file, at + bytes.length);
      operations.push({ kind: "write", path: file, at, bytes });
    } else if (/^f(data)?sync$/.test(name) && file !== null) {
      operations.push({ kind: "sync", path: file });
    } else if (path === null) {
    } else if (name === "openat" && parameters.includes("O_CREAT")) {
      positions.set(path, 0);
      operations.push({ kind: "create", path });
    } else if (/^mkdir(at)?$/.test(name)) {
      operations.push({ kind: "mkdir", path });
    } else if (/^rename(at2?)?$/.test(name)) {
      operations.push({ kind: "rename", path, to: within(strings[1]!.toString())! });
    } else if (/^(unlink(at)?|rmdir)$/.test(name)) {
      operations.push({ kind: "remove", path });
    }
  }
  return operations;
}

/** Calls that strace shows in two lines, because another thread's came between, as one each, where they ended. */
function wholeCalls(recording: string): string[] {
  const begun = new Map<string, string>();
  return recording.split("\n").flatMap((line) => {
    const [, thread, text] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (thread === undefined || text === undefined) return [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(text);
    if (unfinished) {
      begun.set(thread, unfinished[1]!);
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    return [resumed ? (begun.get(thread) ?? "") + resumed[1]! : text];
  });
}

function decoded(text: string): Buffer {
  if (!text.includes("\\x")) return Buffer.from(text);
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}

/** A file or directory of the model, whose content survives under whatever name it then has. */
interface Node {
  readonly isDirectory: boolean;
  /** Names and nodes of a directory, as they are on the disk. */
  readonly entries: Map<string, Node>;
  /** Changes of the entries that are not known to be on the disk. */
  pendingEntries: (readonly [name: string, node: Node | null])[];
  bytes: Buffer;
  pendingBytes: { readonly at: number; readonly bytes: Buffer }[];
  /** As the process sees it. */
  readonly seen: Map<string, Node>;
}

const newNode = (isDirectory: boolean): Node => ({
  ...{
    isDirectory,
    entries: new Map(),
    pendingEntries: [],
    bytes: Buffer.alloc(0),
    pendingBytes: [],
    seen: new Map(),
  },
});

/** A disk that loses what was not flushed. */
export class ForgetfulDisk {
  readonly #root = newNode(true);

  apply(operation: Operation): void {
    if (operation.path === ".") {
      if (operation.kind === "sync") sync(this.#root);
      return;
    }
    const [parent, name] = this.#find(operation.path);
    const node = parent.seen.get(name);
    switch (operation.kind) {
      case "mkdir":
        link(parent, name, newNode(true));
        break;
      case "create":
        if (node) node.pendingBytes.push({ at: 0, bytes: Buffer.alloc(0) });
        else link(parent, name, newNode(false));
        break;
      case "remove":
        link(parent, name, null);
        break;
      case "rename": {
        const [target, newName] = this.#find(operation.to);
        link(target, newName, node!);
        link(parent, name, null);
        break;
      }
      case "write":
        node?.pendingBytes.push({ at: operation.at, bytes: operation.bytes });
        break;
      case "sync":
        if (node) sync(node);
    }
  }

  /** Writes what one power loss at this moment may leave into a folder. */
  leave(folder: string, random: Random): void {
    leaveDirectory(this.#root, folder, random);
  }

  #find(path: string): [parent: Node, name: string] {
    const names = path.split("/");
    let parent = this.#root;
    for (const name of names.slice(0, -1)) parent = parent.seen.get(name)!;
    return [parent, names.at(-1)!];
  }
}

function link(parent: Node, name: string, node: Node | null): void {
  if (node) parent.seen.set(name, node);
  else parent.seen.delete(name);
  parent.pendingEntries.push([name, node]);
}

function sync(node: Node): void {
  for (const [name, entry] of node.pendingEntries) {
    if (entry) node.entries.set(name, entry);
    else node.entries.delete(name);
  }
  node.pendingEntries = [];
  for (const { at, bytes } of node.pendingBytes) node.bytes = written(node.bytes, at, bytes);
  node.pendingBytes = [];
}

function written(old: Buffer, at: number, bytes: Buffer): Buffer {
  const all = Buffer.alloc(Math.max(old.length, at + bytes.length));
  old.copy(all);
  bytes.copy(all, at);
  return all;
}

function leaveDirectory(node: Node, folder: string, random: Random): void {
  mkdirSync(folder, { recursive: true });
  const entries = new Map(node.entries);
  for (const [name, entry] of random.shuffle([...node.pendingEntries])) {
    if (random.below(2) === 0) continue;
    if (entry) entries.set(name, entry);
    else entries.delete(name);
  }
  for (const [name, entry] of entries) {
    if (entry.isDirectory) leaveDirectory(entry, join(folder, name), random);
    else writeFileSync(join(folder, name), bytesAfterLoss(entry, random));
  }
}

function bytesAfterLoss({ bytes, pendingBytes }: Node, random: Random): Buffer {
  let left = bytes;
  for (const { at, bytes: more } of random.shuffle([...pendingBytes])) {
    const kind = random.below(3);
    // Whole, not at all, or a part, with blocks of zeros in place of the rest.
    if (kind === 0) left = written(left, at, more);
    if (kind === 1)
      left = written(
        left,
        at,
        Buffer.concat([more.subarray(0, random.below(more.length + 1)), Buffer.alloc(8)]),
      );
  }
  return left;
}
