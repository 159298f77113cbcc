// Bodies of requests: what two readers could read in two ways is refused.
import { expect, it } from "vitest";
import { ServeError } from "../../../src/serve/errors.js";
import { parseBody } from "../../../src/serve/json.js";

const parse = (body: string | Uint8Array) => parseBody(typeof body === "string" ? Buffer.from(body) : body);

function problemOf(body: string | Uint8Array): string {
  try {
    parse(body);
  } catch (error) {
    expect(error).toBeInstanceOf(ServeError);
    return (error as ServeError).message;
  }
  throw new Error("expected an error");
}

it.each([
  '{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}',
  '{"a\\"": "b\\\\", "c": "{\\"a\\": 1, \\"a\\": 2}"}',
  '["a", "a"]',
  '"text"',
  " 3 ",
  '{"a": "\\ud800"}',
  '{"__proto": 1}',
])("reads %s as JSON.parse does", (body) => {
  expect(parse(body)).toEqual(JSON.parse(body));
});

it.each([
  ["", "the body is empty: expected JSON"],
  ["{", "the body is not JSON"],
  ['{"a', "the body is not JSON"],
  ['{"\\x": 1}', "the body is not JSON"],
  ["]]]", "the body is not JSON"],
  ["{} x", "the body is not JSON"],
  ['{"a": 1, "a": 2}', 'the body has the key "a" twice'],
  ['{"x": [{"a": 1, "\\u0061" : 2}]}', 'the body has the key "a" twice'],
  ['{"x": {"__proto__": {}}}', 'the body has the key "__proto__"'],
  [`${"[".repeat(33)}${"]".repeat(33)}`, "the body is nested more than 32 deep"],
  [`${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`, "the body is nested more than 32 deep"],
  [Uint8Array.of(0x22, 0xff, 0x22), "the body is not UTF-8"],
  [Buffer.from('{"a": "x"}', "utf16le"), "the body is not JSON"],
])("refuses %.20s", (body, problem) => {
  expect(problemOf(body)).toBe(problem);
});
