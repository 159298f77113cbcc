// What TorchScript source may hold so that loading it runs nothing.
//
// libtorch compiles all of it while it loads a module, and evaluates three things at once: `__setstate__` of objects that
// are unpickled, default values of parameters, and constants of classes. What the code does when it is called is the
// operator check's to judge (native/torchscript/operators.cc).
import { invalidModel, type TagformerError } from "../../base/errors.js";

const literal =
  /^(?:[+-]?(?:\d[\d_.eE+-]*|inf|nan)|True|False|None|"[^"\\\n]*"|'[^'\\\n]*'|\[\]|annotate\(.*, (?:None|\[\])\))$/;
const forbidden = /\b(__setstate__|__getstate__)\b/;
/** Functions that reach beyond tensors; a first, textual look, before anything is compiled. */
const beyond = /\b(print|save|from_file|fork|_fork|_awaitable\w*|wait|open)\s*\(/;

function refuse(record: string, problem: string): TagformerError {
  return invalidModel(`${record} ${problem}`);
}

/**
 * Checks one record of source code.
 *
 * @throws TagformerError `INVALID_MODEL`
 */
export function checkCode(record: string, text: string): void {
  const state = text.match(forbidden)?.[1];
  if (state) throw refuse(record, `has ${state}, code that would run while the module is loaded`);
  if (/"""|'''/.test(text))
    throw refuse(record, "has a text of several lines, which torch.jit.save does not write");
  const bare = text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
  const call = bare.match(beyond)?.[1];
  if (call) throw refuse(record, `calls ${call}(), which reaches beyond tensors`);
  for (const [, name, header] of headersOf(record, bare)) checkDefaults(record, name, header);
  checkLayout(record, bare);
}

/** Name and parameters of every `def`; whatever looks like one is taken for one. */
function* headersOf(
  record: string,
  text: string,
): Generator<[whole: string, name: string, parameters: string]> {
  const pattern = /\bdef\b\s*([\w.]*)\s*(\(?)/g;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const name = match[1] ?? "";
    if (match[2] !== "(") throw refuse(record, "has a function without parameters");
    const begin = pattern.lastIndex;
    let depth = 1;
    let at = begin;
    for (; depth > 0; at++) {
      if (at >= text.length) throw refuse(record, `has a function ${name} without an end`);
      if ("([{".includes(text[at]!)) depth++;
      if (")]}".includes(text[at]!)) depth--;
    }
    yield [match[0], name, text.slice(begin, at - 1)];
    pattern.lastIndex = at;
  }
}

function checkDefaults(record: string, name: string, parameters: string): void {
  for (const parameter of splitTopLevel(parameters)) {
    const equals = parameter.indexOf("=");
    if (equals < 0 || literal.test(parameter.slice(equals + 1).trim())) continue;
    throw refuse(record, `computes a default value of ${name}(): that would run while the module is loaded`);
  }
}

/** The parts between commas that stand in no bracket. */
function splitTopLevel(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let begin = 0;
  for (let i = 0; i < text.length; i++) {
    if ("([{".includes(text[i]!)) depth++;
    if (")]}".includes(text[i]!)) depth--;
    if (text[i] !== "," || depth > 0) continue;
    parts.push(text.slice(begin, i));
    begin = i + 1;
  }
  return [...parts, text.slice(begin)];
}

/** What stands between the methods of a class. */
const classLines = [
  /^__(?:parameters|buffers)__ = \[(?:"[^"]*", )*\]$/,
  /^__annotations__ = \[\]$/,
  /^__annotations__\["[^"]*"\] = [\w.[\], ]+$/,
  /^\w+ : [^=]+$/,
];

/**
 * Holds the source to the layout in which torch.jit.save writes it, so that what is evaluated while loading can be
 * found: classes and functions at the margin, a class's own lines two columns in, all else inside functions.
 */
function checkLayout(record: string, text: string): void {
  let place: "margin" | "class" | "method" | "function" = "margin";
  for (const line of text.split("\n")) {
    const indent = line.length - line.trimStart().length;
    const content = line.trim();
    if (content === "" || content.startsWith("#")) continue;
    if (indent === 0) {
      place = content.startsWith("class ") ? "class" : "function";
      if (/^(?:class [\w.]+(?:\([\w.]*\))?:|def .*|import [\w.]+|op_version_set = \d+)$/.test(content))
        continue;
    } else if (/^ +$/.test(line.slice(0, indent))) {
      if (place === "function" || (place === "method" && indent > 2)) continue;
      if (place !== "margin" && indent === 2) {
        place = content.startsWith("def ") ? "method" : "class";
        if (place === "method" || isClassLine(content)) continue;
      }
    }
    throw refuse(
      record,
      `has a line that torch.jit.save does not write: ${JSON.stringify(content.slice(0, 100))}`,
    );
  }
}

function isClassLine(content: string): boolean {
  if (classLines.some((form) => form.test(content))) return true;
  const constant = content.match(/^\w+ : [^=]+ = (.+)$/)?.[1];
  return constant !== undefined && literal.test(constant);
}
