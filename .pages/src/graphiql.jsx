// The GraphiQL page. Where things are comes from the page's own element, as addresses relative to the page,
// so that the same files work under any path prefix.

import "./monaco.js"; // statically: otherwise the editor would wait for the interface to load
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./graphiql.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { parse } from "graphql";
import { createRoot } from "react-dom/client";
import { defaultTabs } from "./tabs.js";

const root = document.getElementById("graphiql");
const { endpoint, home, graphqlWorker, jsonWorker, editorWorker } = root.dataset;

const workers = { graphql: graphqlWorker, json: jsonWorker };
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(workers[label] ?? editorWorker, { type: "module", name: label }),
};

const post = createGraphiQLFetcher({
  url: endpoint,
  // Without it the toolkit asks for multipart/mixed (@defer) and leaves application/graphql-response+json out.
  enableIncrementalDelivery: false,
  subscriptionUrl: new URL(endpoint, location.href).href.replace(/^http/, "ws"),
});

// GraphiQL notices a tenth of a second after the text changed what is in it. Whoever pastes and runs sooner would send
// the name of the operation that was there before, which the server rightly does not know, or a subscription by POST.
const fetcher = (params, options) => {
  const documentAST = parsed(params.query) ?? options?.documentAST;
  return post({ ...params, operationName: currentName(params, documentAST) }, { ...options, documentAST });
};

function currentName({ operationName }, documentAST) {
  const names = (documentAST?.definitions ?? [])
    .filter(({ kind }) => kind === "OperationDefinition")
    .map(({ name }) => name?.value);
  return names.includes(operationName) || names.length !== 1 ? operationName : names[0];
}

function parsed(query) {
  try {
    return parse(query, { noLocation: true });
  } catch {
    return undefined; // the server says what is wrong with it
  }
}

createRoot(root).render(
  <GraphiQL fetcher={fetcher} defaultTabs={defaultTabs}>
    <GraphiQL.Logo>
      <a className="home" href={home}>
        gql_tasks
      </a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
