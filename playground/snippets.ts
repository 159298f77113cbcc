// The request of the page as code that can be pasted and run.

/** A call of `POST /v1/predict`. */
export interface Call {
  readonly url: string;
  readonly body: { readonly model?: string; readonly texts: readonly string[] };
  /** The server wants a key: the code reads it from the environment. */
  readonly key: boolean;
}

/** What can be copied. */
export const languages = ["curl", "JavaScript", "Python"] as const;
export type Language = (typeof languages)[number];

/** The environment variable with the key. */
const keyName = "TAGFORMER_API_KEY";

const writers: Readonly<Record<Language, (call: Call) => string>> = {
  curl: ({ url, body, key }) =>
    [
      `curl ${shellQuoted(url)}`,
      "-H 'content-type: application/json'",
      ...(key ? [`-H "authorization: Bearer $${keyName}"`] : []),
      // From a file or a pipe curl would drop line breaks, and a body that begins with @ it would take as a file's name.
      `--data-binary ${shellQuoted(JSON.stringify(body))}`,
    ].join(" \\\n  "),

  JavaScript: ({ url, body, key }) => `const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: {
    "content-type": "application/json",${key ? `\n    authorization: \`Bearer \${process.env.${keyName}}\`,` : ""}
  },
  body: JSON.stringify(${JSON.stringify(body)}),
});
if (!response.ok) throw new Error(await response.text());
console.log(await response.json());`,

  Python: ({ url, body, key }) => `import json${key ? ", os" : ""}, urllib.request

request = urllib.request.Request(
    ${pythonQuoted(url)},
    data=json.dumps(${pythonBody(body)}).encode(),
    headers={
        "content-type": "application/json",${key ? `\n        "authorization": "Bearer " + os.environ["${keyName}"],` : ""}
    },
)
with urllib.request.urlopen(request) as response:
    print(json.load(response))`,
};

/** The call in a language; it runs as it is, whatever the text has in it. */
export function snippet(language: Language, call: Call): string {
  return writers[language](call);
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function pythonBody({ model, texts }: Call["body"]): string {
  const fields = [
    ...(model === undefined ? [] : [`"model": ${pythonQuoted(model)}`]),
    `"texts": [${texts.map(pythonQuoted).join(", ")}]`,
  ];
  return `{${fields.join(", ")}}`;
}

/** JSON's strings are Python's, but for astral characters, which JSON.stringify leaves as they are, as Python's do. */
function pythonQuoted(text: string): string {
  return JSON.stringify(text);
}
