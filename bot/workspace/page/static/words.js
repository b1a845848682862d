// The page's own words in the reader's language: the server translates them.
import { known } from "./api.js";

export const language = document.documentElement.lang;

export function say(text, values = {}) {
  return (known.words[text] ?? text).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}
