import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { tap } from "rxjs";
import { drive } from "./driver.mjs";
import { persisted, sha256, telling } from "./persisted.mjs";
import { resuming } from "./resume.mjs";
import { openSocket } from "./socket.mjs";

// Apollo copies variables, and a getter with them, before they come to its links: it is put in behind that.
const resume = new ApolloLink((operation, forward) => {
  const resumed = resuming(operation.variables);
  operation.variables = resumed.variables;
  return forward(operation).pipe(tap(resumed.heard));
});

drive((url, connection) => {
  const cache = new InMemoryCache();
  const http = persisted
    ? new PersistedQueryLink({ sha256, useGETForHashedQueries: true }).concat(
        new HttpLink({ uri: url, fetch: telling(connection) }),
      )
    : new HttpLink({ uri: url });
  const client = new ApolloClient({
    cache,
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      resume.concat(new GraphQLWsLink(openSocket(url, connection))),
      http,
    ),
  });
  const shown = ({ data, error }) => ({ data, error: error && { name: error.name, errors: error.errors } });

  return {
    async run({ query, variables }) {
      const document = gql(query);
      const { operation } = document.definitions[0];
      return shown(
        operation === "mutation"
          ? await client.mutate({ mutation: document, variables })
          : await client.query({ query: document, variables }),
      );
    },
    follow({ query, variables }, sink) {
      const next = (result) => {
        const { kind, id } = result.data?.taskEvents ?? {};
        if (kind === "DELETED" && cache.evict({ id: cache.identify({ __typename: "Task", id }) })) cache.gc();
        sink.next(shown(result));
      };
      const following = client.subscribe({ query: gql(query), variables }).subscribe({ ...sink, next });
      return () => following.unsubscribe();
    },
    watch({ query, variables }, sink) {
      const watched = client.watchQuery({ query: gql(query), variables, fetchPolicy: "cache-only" });
      const following = watched.subscribe({ ...sink, next: (result) => sink.next(shown(result)) });
      return () => following.unsubscribe();
    },
  };
});
