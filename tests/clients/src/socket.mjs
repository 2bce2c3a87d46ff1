import { createClient } from "graphql-ws";
import WebSocket from "ws";

// Node has one of its own from 22 on. All tests use the same; Apollo's link asks for it by this name.
globalThis.WebSocket = WebSocket;

/** graphql-ws's client, which Apollo and urql stand on too. */
export function openSocket(url, { say, reconnect }) {
  return createClient({
    url: url.replace(/^http/, "ws"),
    lazyCloseTimeout: 60_000, // all operations of a test on one socket
    retryAttempts: Infinity,
    retryWait: reconnect,
    on: {
      connected: () => say({ connection: "open" }),
      closed: ({ code, reason }) => say({ connection: "lost", code, reason }),
    },
  });
}
