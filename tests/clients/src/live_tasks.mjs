import { createClient } from "graphql-ws";

const client = createClient({
  url: "ws://127.0.0.1:8000/graphql",
  shouldRetry: () => true, // also while the server does not answer, and for as long as it takes
  retryAttempts: Infinity,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 1000 + 2000 * Math.random())),
});
const open = "filter: { completed: { eq: false } }";
const list = `{ tasksConnection(${open}, first: 1000) { nodes { id title } syncToken } }`;
const page = (await client.iterate({ query: list }).next()).value.data.tasksConnection;
const tasks = new Map(page.nodes.map((task) => [task.id, task]));
let since = page.syncToken;

const query = `subscription ($since: SyncToken) {
  taskEvents(${open}, since: $since) { kind id task { id title } syncToken }
}`;
const variables = { get since() { return since; } }; // a getter: read anew when it reconnects
for await (const { data } of client.iterate({ query, variables })) {
  const { kind, id, task, syncToken } = data.taskEvents;
  if (kind === "RESYNC_REQUIRED") location.reload();
  else if (kind === "LEFT" || kind === "DELETED") tasks.delete(id);
  else if (task) tasks.set(id, task);
  since = syncToken;
  document.body.textContent = [...tasks.values()].map(({ title }) => title).join(", ");
}
