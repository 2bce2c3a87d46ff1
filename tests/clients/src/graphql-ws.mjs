import { drive } from "./driver.mjs";
import { resuming } from "./resume.mjs";
import { openSocket } from "./socket.mjs";

drive((url, connection) => {
  const client = openSocket(url, connection);
  return {
    async run(operation) {
      for await (const result of client.iterate(operation)) return result;
    },
    follow({ query, variables }, sink) {
      const resumed = resuming(variables);
      const next = (result) => (resumed.heard(result), sink.next(result));
      return client.subscribe({ query, variables: resumed.variables }, { ...sink, next });
    },
  };
});
