/** A model on the hub. */
export interface ModelName {
  /** Such as `google-bert/bert-base-uncased`. */
  readonly repository: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** As it was given. */
  readonly text: string;
}

/** The hub's rules for names; a `--` is also what separates owner and model in names of the cache's folders. */
const part = "(?!.*(?:--|\\.\\.))[A-Za-z0-9_](?:[\\w.-]{0,94}[A-Za-z0-9_])?";
const pattern = new RegExp(`^(${part}/${part})(?:@([A-Za-z0-9_][\\w./-]{0,254}))?$`);

/** Reads `owner/model` or `owner/model@revision`; `undefined` when `text` is neither. */
export function parseModelName(text: string): ModelName | undefined {
  const [, repository, revision = "main"] = text.match(pattern) ?? [];
  if (repository === undefined || !isSafePath(revision)) return undefined;
  return { repository, revision, text };
}

/** A revision is also a path under the cache's `refs`. */
function isSafePath(revision: string): boolean {
  return revision.split("/").every((step) => step !== "" && !/^\.+$/.test(step));
}
