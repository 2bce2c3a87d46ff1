import { createClient } from "graphql-sse";
import { drive } from "./driver.mjs";
import { resuming } from "./resume.mjs";

drive((url, { say, reconnect }) => {
  const client = createClient({
    url,
    retryAttempts: Infinity,
    retry: () => (say({ connection: "lost" }), reconnect()),
  });
  return {
    async run(operation) {
      for await (const result of client.iterate(operation)) return result;
    },
    follow({ query, variables }, sink) {
      const resumed = resuming(variables);
      const next = (result) => (resumed.heard(result), sink.next(result));
      const connected = () => say({ connection: "open" });
      return client.subscribe({ query, variables: resumed.variables }, { ...sink, next }, { connected });
    },
  };
});
