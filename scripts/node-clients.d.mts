import type OpenAI from "openai";

/** Its classes are those of version 6 to the tests. */
export declare function findOpenAI7(): Promise<{ readonly default: typeof OpenAI } | null>;
