import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { drive } from "./driver.mjs";
import { persisted, telling } from "./persisted.mjs";
import { resuming } from "./resume.mjs";
import { openSocket } from "./socket.mjs";

drive((url, connection) => {
  const socket = openSocket(url, connection);
  const overSocket = subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe(sink) {
        const resumed = resuming(variables);
        const next = (result) => (resumed.heard(result), sink.next(result));
        return { unsubscribe: socket.subscribe({ query, variables: resumed.variables }, { ...sink, next }) };
      },
    }),
  });
  const byHash = persistedExchange({ preferGetForPersistedQueries: true, enableForMutation: true });
  const client = new Client({
    url,
    exchanges: [cacheExchange, ...(persisted ? [byHash] : []), overSocket, fetchExchange],
    preferGetMethod: false,
    fetch: persisted ? telling(connection) : undefined,
  });
  const shown = ({ data, error }) => ({ data, error: error && { name: error.name, errors: error.graphQLErrors } });

  return {
    async run({ query, variables }) {
      const kind = query.startsWith("mutation") ? "mutation" : "query";
      return shown(await client[kind](query, variables).toPromise());
    },
    follow({ query, variables }, sink) {
      const { unsubscribe } = client.subscription(query, variables).subscribe((result) => sink.next(shown(result)));
      return unsubscribe;
    },
  };
});
