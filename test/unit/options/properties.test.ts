// Options as random values and as flags: whatever is given is taken as documented or refused, and both ways say the same.
import { Command } from "commander";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { TagformerError } from "../../../src/base/errors.js";
import { parseOptions } from "../../../src/base/parse-options.js";
import { addFlags, takeFlags } from "../../../src/cli/flags.js";
import { explanationOptions, exportOptions } from "../../../src/options/calls.js";
import { inspectionOptions, resamplingOptions, tuningOptions } from "../../../src/options/evaluation.js";
import { classifierOptions, modelOptions } from "../../../src/options/model.js";
import { splitOptions, trainingOptions } from "../../../src/options/training.js";

const schemas: Readonly<Record<string, z.ZodObject>> = {
  model: modelOptions,
  classifier: classifierOptions,
  training: trainingOptions,
  tuning: tuningOptions,
  resampling: resamplingOptions,
  split: splitOptions,
  inspection: inspectionOptions,
  explanation: explanationOptions,
  export: exportOptions,
};

interface ValueSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly ValueSchema[];
  readonly default?: unknown;
  readonly additionalProperties?: ValueSchema;
}

const word = fc.stringMatching(/^[a-z_]{1,8}$/);
const numbers = fc
  .oneof(fc.integer({ min: -2, max: 2000 }), fc.double({ min: -1, max: 11, noNaN: true }))
  .filter((number) => !Object.is(number, -0)); // written as 0

/** Values of an option's type, in its range or not. */
function valuesOf(schema: ValueSchema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valuesOf));
  if (schema.type === "boolean") return fc.constant(schema.default !== true); // the one that a switch can say
  if (schema.type === "integer" || schema.type === "number") return numbers;
  if (schema.type === "array") return fc.array(fc.integer({ min: -1, max: 600 }), { minLength: 1 });
  if (schema.type === "object") {
    const values: fc.Arbitrary<unknown> = schema.additionalProperties?.type === "string" ? word : numbers;
    return fc.dictionary(word, values, { minKeys: 1 });
  }
  return fc.oneof(word, fc.constantFrom("cpu", "cuda:1", "auto"));
}

function properties(schema: z.ZodObject): [string, ValueSchema][] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(properties as Record<string, ValueSchema>);
}

function flagsFor(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (typeof value === "boolean") return [value ? `--${flag}` : `--no-${flag}`];
    return [`--${flag}=${textOf(value)}`];
  });
}

function textOf(value: unknown): string {
  if (Array.isArray(value) || typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, one]) => (typeof one === "string" ? `${one}>${name}` : `${name}=${one}`))
    .join(",");
}

/** The options, or the message that refuses them. */
function outcome(schema: z.ZodObject, values: unknown): unknown {
  try {
    return parseOptions(schema, values);
  } catch (error) {
    expect(error).toBeInstanceOf(TagformerError);
    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringMatching(/^[^\n]+$/) });
    return (error as Error).message;
  }
}

describe.each(Object.entries(schemas))("options of %s", (_, schema) => {
  const names = Object.keys(schema.shape);

  it("are taken or refused in one line, whatever the values are", () => {
    const values = fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...names), fc.anything()));
    fc.assert(
      fc.property(values, (given) => {
        const first = outcome(schema, given);
        if (typeof first === "object") expect(outcome(schema, first)).toEqual(first);
      }),
      { numRuns: 500 },
    );
  });

  it("say as flags what they say as an object", () => {
    // A list of names has a parser in its command, not in the schema.
    const given = properties(schema).filter(([name]) => name !== "labels");
    const values = fc.record(Object.fromEntries(given.map(([name, value]) => [name, valuesOf(value)])), {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(values, (object) => {
        const command = addFlags(new Command("test"), schema).exitOverride();
        const parsed = command.parse(flagsFor(object), { from: "user" }).opts();
        expect(outcome(schema, takeFlags(schema, parsed))).toEqual(outcome(schema, { ...object }));
      }),
      { numRuns: 300 },
    );
  });
});
