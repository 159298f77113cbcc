// The code that the page offers to copy runs as it is, in the shell, in Node.js and in Python.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Language, languages, snippet } from "../../../playground/snippets.js";
import { FakeServer } from "./fake-server.js";

const server = new FakeServer();
let address: string;
const keys: (string | undefined)[] = [];
beforeAll(async () => {
  server.instead = ({ request }) => {
    keys.push(request.headers.authorization);
    return undefined;
  };
  address = await server.listen();
});
afterAll(() => server.app.close());

const commands: Readonly<Record<Language, readonly [string, ...string[]]>> = {
  curl: ["bash", "-c"],
  JavaScript: [process.execPath, "--input-type=module", "-e"],
  Python: ["python3", "-c"],
};

const texts = [
  "where is my parcel?",
  `it's "quoted" $HOME \`id\` \\ \\n \${x} !! %s {} </script>`,
  "@/etc/passwd",
  "line\nbreak\r\n\ttab\0 \u001b \u2028 \ud83d\ude00 é 中",
  "half a surrogate \ud83d",
];

describe.each(languages)("%s", (language) => {
  it.each(texts)("sends %j", async (text) => {
    const body = { model: "tickets", texts: [text] };
    const code = snippet(language, { url: `${address}/v1/predict`, body, key: true });
    const [command, ...parameters] = commands[language];
    const env = { ...process.env, TAGFORMER_API_KEY: "sk-1" };
    const { stdout } = await promisify(execFile)(command, [...parameters, code], { env });
    expect(stdout).toContain("delivery");
    expect(server.questions.at(-1)).toEqual(body);
    expect(keys.at(-1)).toBe("Bearer sk-1");
  });
});
