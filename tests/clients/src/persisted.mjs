import { createHash } from "node:crypto";

/** Whether the command line asks for documents to be named by their hashes. */
export const persisted = process.argv[3] === "persisted";

export const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** A fetch that says how each request is sent, and whether its document is in it. */
export const telling = ({ say }) => (url, options) => {
  const members = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(url).searchParams);
  say({ sent: options.method, text: "query" in members, hash: JSON.stringify(members).includes("sha256Hash") });
  return fetch(url, options);
};
