// What the environment says about the hub: the variables, defaults and precedence of Python's huggingface_hub
// (its constants.py), so that both use one cache, one login and one mirror.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { invalidOption } from "../../base/errors.js";

export interface HubSettings {
  /** Where the hub's routes begin, without a slash at the end. */
  readonly endpoint: string;
  /** Directory of all cached models, absolute. */
  readonly cache: string;
  readonly token: string | undefined;
  /** Whether nothing may be asked. */
  readonly offline: boolean;
}

/**
 * Reads `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_OFFLINE` and the file with the
 * token of a login.
 *
 * @throws TagformerError `INVALID_OPTION` that names the variable
 */
export async function hubSettings(): Promise<HubSettings> {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE } = process.env;
  const home = hubHome();
  return {
    endpoint: endpoint(),
    cache: directory(HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(home, "hub")),
    token: await token(home),
    offline: /^(1|on|yes|true)$/i.test(HF_HUB_OFFLINE || TRANSFORMERS_OFFLINE || ""),
  };
}

function hubHome(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env;
  return directory(HF_HOME || join(XDG_CACHE_HOME || "~/.cache", "huggingface"));
}

/** Files such as .env are read by no shell, so a `~` may still be there. */
function directory(path: string): string {
  return resolve(path.replace(/^~(?=$|\/)/, () => homedir()));
}

function endpoint(): string {
  const value = process.env.HF_ENDPOINT || "https://huggingface.co";
  if (/^https?:/.test(value) && URL.canParse(value)) return value.replace(/\/+$/, "");
  throw invalidOption(
    `HF_ENDPOINT is "${value}"; expected the address of a hub, such as https://huggingface.co`,
  );
}

async function token(home: string): Promise<string | undefined> {
  const { HF_TOKEN, HF_TOKEN_PATH } = process.env;
  const file = HF_TOKEN_PATH ? directory(HF_TOKEN_PATH) : join(home, "token");
  const own = HF_TOKEN?.trim();
  const value = own || (await readFile(file, "utf8").catch(() => "")).trim();
  // Whatever else it is, it must not end up in a message.
  if (/^[\x21-\x7e]*$/.test(value)) return value || undefined;
  throw invalidOption(`${own ? "HF_TOKEN" : file} holds characters that no token has; expected hf_...`);
}
